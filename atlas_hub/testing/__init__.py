"""What tests of the hub and of connectors stand on."""
