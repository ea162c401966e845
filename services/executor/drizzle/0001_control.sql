CREATE TABLE "executor"."attempts" (
	"job_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"executor_id" text,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"problem" json,
	CONSTRAINT "attempts_job_id_attempt_pk" PRIMARY KEY("job_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "executor"."records" (
	"job_id" text NOT NULL,
	"kind" text NOT NULL,
	"first" integer NOT NULL,
	"last" integer NOT NULL,
	"offset" bigint NOT NULL,
	"bytes" integer NOT NULL,
	"body" json NOT NULL,
	CONSTRAINT "records_job_id_kind_last_pk" PRIMARY KEY("job_id","kind","last")
);
--> statement-breakpoint
DROP INDEX "executor"."jobs_queued";--> statement-breakpoint
ALTER TABLE "executor"."events" DROP CONSTRAINT "events_pkey";--> statement-breakpoint
ALTER TABLE "executor"."events" ADD COLUMN "xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL;--> statement-breakpoint
ALTER TABLE "executor"."events" ADD CONSTRAINT "events_xid_seq_pk" PRIMARY KEY("xid","seq");--> statement-breakpoint
ALTER TABLE "executor"."events" ADD COLUMN "owner" text DEFAULT '' NOT NULL;--> statement-breakpoint
UPDATE "executor"."events" e SET "owner" = j."owner" FROM "executor"."jobs" j WHERE j."id" = e."job_id";--> statement-breakpoint
ALTER TABLE "executor"."events" ALTER COLUMN "owner" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "executor"."events" ADD COLUMN "data" json;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "paused_as" text;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "checkpoint" json;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "notify" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "traceparent" text;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "run_after" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "claimed_at" timestamp with time zone;--> statement-breakpoint
UPDATE "executor"."jobs" SET "claimed_at" = "started_at", "failures" = greatest("attempt" - 1, 0);--> statement-breakpoint
ALTER TABLE "executor"."writers" ADD COLUMN "published_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL;--> statement-breakpoint
ALTER TABLE "executor"."writers" ALTER COLUMN "published_xid" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "events_of_job" ON "executor"."events" USING btree ("job_id","seq");--> statement-breakpoint
CREATE INDEX "jobs_queued" ON "executor"."jobs" USING btree ("process_id","owner","priority" DESC NULLS FIRST,"created_at") WHERE state = 'queued';--> statement-breakpoint
CREATE INDEX "jobs_resting" ON "executor"."jobs" USING btree ("deadline_at") WHERE state in ('created', 'paused');
