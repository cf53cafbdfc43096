"""Floor 4: the doors, the payments, the talk with wallet cores, and the processes."""
