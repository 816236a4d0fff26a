import {
  to       = asm_enrollment_profile.staff
  identity = { id = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22" }
}
