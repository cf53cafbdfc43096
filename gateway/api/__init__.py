"""JSON operations, one file per resource; `table.py` lists them, and a replay reads its resource anew."""
