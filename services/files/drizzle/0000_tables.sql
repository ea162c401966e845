CREATE SCHEMA IF NOT EXISTS "files";
--> statement-breakpoint
CREATE TABLE "files"."blobs" (
	"digest" text PRIMARY KEY NOT NULL,
	"size" bigint NOT NULL,
	"stored_at" timestamp with time zone DEFAULT now() NOT NULL,
	"references" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "files"."files" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"name" text NOT NULL,
	"owner" text NOT NULL,
	"media_type" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "files"."files" ADD CONSTRAINT "files_digest_blobs_digest_fk" FOREIGN KEY ("digest") REFERENCES "files"."blobs"("digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "files_of_digest" ON "files"."files" USING btree ("digest");--> statement-breakpoint
CREATE INDEX "files_of_owner" ON "files"."files" USING btree ("owner","created_at");