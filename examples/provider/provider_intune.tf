# Microsoft Intune. The client secret comes from ARM_CLIENT_SECRET; the sign-in
# guides have the other ways.
provider "asm" {
  intune = {
    tenant_id = "7c5f2a1e-3b64-4d0f-8e21-9a0b6c7d8e9f"
    client_id = "3b1f0c52-8d7e-4a96-b0c4-6e5d2f1a9c80"
  }
}
