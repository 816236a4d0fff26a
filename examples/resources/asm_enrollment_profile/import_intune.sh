# The profile's id in Microsoft Graph, which names the token itself; or the token's id and the profile's own.
terraform import asm_enrollment_profile.staff 5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22
terraform import asm_enrollment_profile.staff 5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22
