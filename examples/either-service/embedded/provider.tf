# The enrollment service inside the provider, with an MDM of your own.
provider "asm" {
  embedded = {
    mdm_url = "https://mdm.school.example/enroll"
  }
}
