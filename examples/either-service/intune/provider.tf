# Microsoft Intune. Who signs in comes from the environment: ARM_TENANT_ID,
# ARM_CLIENT_ID and ARM_CLIENT_SECRET, or any other way of the sign-in guides.
provider "asm" {
  intune = {}
}
