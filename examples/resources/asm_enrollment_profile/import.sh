terraform import asm_enrollment_profile.staff c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22

# A profile that only Apple knows: the token's id, and the profile's UUID at Apple.
terraform import asm_enrollment_profile.staff 5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/88FC4E378CEE4DF88A6C0BE4A28F4B4F
