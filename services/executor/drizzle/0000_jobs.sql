CREATE SCHEMA IF NOT EXISTS "executor";
--> statement-breakpoint
CREATE TABLE "executor"."events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "executor"."events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"job_id" text NOT NULL,
	"process_id" text NOT NULL,
	"event" text NOT NULL,
	"state" text NOT NULL,
	"attempt" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"writer" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "executor"."jobs" (
	"id" text PRIMARY KEY NOT NULL,
	"process_id" text NOT NULL,
	"process_version" text,
	"owner" text NOT NULL,
	"mode" text NOT NULL,
	"state" text NOT NULL,
	"desired" text DEFAULT 'run' NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"priority" integer DEFAULT 0 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"attempts_most" integer NOT NULL,
	"request" json NOT NULL,
	"results" json,
	"problem" json,
	"progress" integer DEFAULT 0 NOT NULL,
	"message" text,
	"executor_id" text,
	"lease_until" timestamp with time zone,
	"deadline_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "executor"."writers" (
	"id" text PRIMARY KEY NOT NULL,
	"published_to" bigint NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "jobs_by_age" ON "executor"."jobs" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "jobs_queued" ON "executor"."jobs" USING btree ("process_id","priority" DESC NULLS FIRST,"created_at") WHERE state = 'queued';--> statement-breakpoint
CREATE INDEX "jobs_leased" ON "executor"."jobs" USING btree ("lease_until") WHERE lease_until is not null;