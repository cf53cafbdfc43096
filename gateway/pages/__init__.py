"""What people see in a browser; each page is a handler that the door serves beside the operations."""
