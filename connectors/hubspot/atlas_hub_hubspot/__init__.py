"""HubSpot connector for Atlas Hub."""
