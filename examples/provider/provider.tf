terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

# Where devices enroll: the address of your MDM. Every other setting has a
# default.
provider "asm" {
  embedded = {
    mdm_url = "https://mdm.school.example/enroll"
  }
}
