"""Floor 3: what a phone shows and a till scans, from bytes to picture.

`emv_mpm` and `emv_cpm` read and write EMVCo's formats and need nothing else of ours. `signing` says what a
signature covers, `order_code` puts one into a merchant-presented code, `payment_code` draws and checks the
19 digits a customer shows. `codes` issues, redeems and finds them on PostgreSQL; nobody here retries: a till
that was refused scans again. `symbol` turns payloads into modules and `render` those into PNG and SVG.
"""
