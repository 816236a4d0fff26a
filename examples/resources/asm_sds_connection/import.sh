terraform import asm_sds_connection.district 5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11
