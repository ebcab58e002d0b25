"""LaunchDarkly connector for Atlas Hub."""
