# Microsoft Intune. Who signs in comes from the pipeline: ARM_TENANT_ID,
# ARM_CLIENT_ID, and ARM_USE_OIDC=true in the place of a secret.
provider "asm" {
  intune = {}
}
