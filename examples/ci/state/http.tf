# State that GitLab keeps and locks. The addresses and the job's own token come
# from the pipeline (TF_HTTP_...).
terraform {
  backend "http" {}
}
