# The enrollment service inside the provider, with an MDM of your own. Where its
# store is comes from the pipeline, with the key that its secrets are encrypted
# with: ASM_STORE=postgres://..., or on a runner that keeps its disk
# ASM_STORE=sqlite:/var/lib/asm/enrollment.db, and ASM_STORE_KEY.
provider "asm" {
  embedded = {
    mdm_url = "https://mdm.school.example/enroll"
  }
}
