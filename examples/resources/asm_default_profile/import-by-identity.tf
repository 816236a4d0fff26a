import {
  to = asm_default_profile.ipads
  identity = {
    token_id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
    platform = "ios"
  }
}
