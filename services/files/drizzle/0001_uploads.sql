CREATE TABLE "files"."outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "files"."outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"event" text NOT NULL,
	"data" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "files"."store" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "files"."uploads" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"media_type" text NOT NULL,
	"metadata" text,
	"declared" text,
	"length" bigint,
	"received" bigint DEFAULT 0 NOT NULL,
	"parts" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"writer" text,
	"is_partial" boolean DEFAULT false NOT NULL,
	"file_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "files"."files" ADD COLUMN "seq" bigint NOT NULL GENERATED ALWAYS AS IDENTITY (sequence name "files"."files_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1);--> statement-breakpoint
ALTER TABLE "files"."files" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "files"."files" ADD COLUMN "request_key" text;--> statement-breakpoint
CREATE INDEX "uploads_of_owner" ON "files"."uploads" USING btree ("owner");--> statement-breakpoint
CREATE INDEX "uploads_that_expire" ON "files"."uploads" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "blobs_of_nobody" ON "files"."blobs" USING btree ("digest") WHERE "references" = 0;--> statement-breakpoint
CREATE INDEX "files_in_order" ON "files"."files" USING btree ("owner","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "files_of_request" ON "files"."files" USING btree ("owner","request_key");--> statement-breakpoint
CREATE INDEX "files_that_expire" ON "files"."files" USING btree ("expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "files_deleted" ON "files"."files" USING btree ("deleted_at") WHERE deleted_at is not null;