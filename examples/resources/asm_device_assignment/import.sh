# The token's id and the profile's id: all devices that have the profile.
terraform import asm_device_assignment.classroom 5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22
