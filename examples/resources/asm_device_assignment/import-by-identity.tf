import {
  to = asm_device_assignment.classroom
  identity = {
    token_id   = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
    profile_id = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
  }
}
