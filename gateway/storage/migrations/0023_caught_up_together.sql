-- What 0010_together brings, which databases that had passed 0015 when it came never ran.

ALTER FUNCTION gateway.accept_together SET lock_timeout = '500ms';
