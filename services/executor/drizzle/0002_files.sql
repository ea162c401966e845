CREATE TABLE "executor"."files" (
	"job_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"role" text NOT NULL,
	"path" text NOT NULL,
	"name" text,
	"file_id" text,
	"source" text,
	"sha256" text NOT NULL,
	"size" bigint NOT NULL,
	"type" text NOT NULL,
	"stored_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "files_job_id_attempt_role_path_pk" PRIMARY KEY("job_id","attempt","role","path")
);
