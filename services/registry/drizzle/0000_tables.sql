CREATE SCHEMA IF NOT EXISTS "registry";
--> statement-breakpoint
CREATE TABLE "registry"."executors" (
	"id" text PRIMARY KEY NOT NULL,
	"slots" integer NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp with time zone NOT NULL,
	"refused" json NOT NULL,
	"unavailable" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "registry"."offers" (
	"executor_id" text NOT NULL,
	"process_id" text collate "C" NOT NULL,
	"version" text NOT NULL,
	CONSTRAINT "offers_process_id_version_executor_id_pk" PRIMARY KEY("process_id","version","executor_id")
);
--> statement-breakpoint
CREATE TABLE "registry"."outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "registry"."outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"event" text NOT NULL,
	"data" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "registry"."process_versions" (
	"id" text collate "C" NOT NULL,
	"version" text NOT NULL,
	"digest" text NOT NULL,
	"description" json NOT NULL,
	"precedence" text collate "C" NOT NULL,
	"published_at" timestamp with time zone DEFAULT now() NOT NULL,
	"retired_at" timestamp with time zone,
	CONSTRAINT "process_versions_id_version_pk" PRIMARY KEY("id","version")
);
--> statement-breakpoint
ALTER TABLE "registry"."offers" ADD CONSTRAINT "offers_executor_id_executors_id_fk" FOREIGN KEY ("executor_id") REFERENCES "registry"."executors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "registry"."offers" ADD CONSTRAINT "offers_process_id_version_process_versions_id_version_fk" FOREIGN KEY ("process_id","version") REFERENCES "registry"."process_versions"("id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "lease" ON "registry"."executors" USING btree ("lease_until");--> statement-breakpoint
CREATE INDEX "offers_of_executor" ON "registry"."offers" USING btree ("executor_id");--> statement-breakpoint
CREATE INDEX "newest_version" ON "registry"."process_versions" USING btree ("id","precedence" DESC NULLS FIRST,"version" DESC NULLS FIRST) WHERE retired_at is null;