terraform import asm_enrollment_policy.staff e2b94a61-70d5-4d18-b3c6-0f8a5e7d9144
