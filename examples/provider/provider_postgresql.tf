# Where several machines apply. ASM_STORE_KEY has to be set on each of them; the
# password may come from PGPASSWORD, or the whole address from ASM_STORE.
provider "asm" {
  embedded = {
    store   = "postgres://asm@db.school.example:5432/enrollment"
    mdm_url = "https://mdm.school.example/enroll"
  }
}
