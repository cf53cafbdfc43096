-- A till whose order waits for somebody's lock must not hold up all who were accepted with it: after this each goes alone.
ALTER FUNCTION gateway.accept_together SET lock_timeout = '500ms';
