CREATE SCHEMA IF NOT EXISTS "notifier";
--> statement-breakpoint
CREATE TABLE "notifier"."deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "notifier"."deliveries_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner" text NOT NULL,
	"subscription_id" text,
	"job_id" text,
	"event" text NOT NULL,
	"event_type" text NOT NULL,
	"url" text NOT NULL,
	"host" text NOT NULL,
	"lane" text NOT NULL,
	"content_type" text NOT NULL,
	"body" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"last_status" integer,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"next_at" timestamp with time zone DEFAULT now(),
	"delivered_at" timestamp with time zone,
	CONSTRAINT "one_delivery" UNIQUE("event","lane")
);
--> statement-breakpoint
CREATE TABLE "notifier"."parked" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "notifier"."parked_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"queue" text NOT NULL,
	"topic" text NOT NULL,
	"type" text,
	"message_id" text,
	"content_type" text,
	"headers" json NOT NULL,
	"reason" text NOT NULL,
	"attempts" integer,
	"body" "bytea" NOT NULL,
	"parked_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "one_message" UNIQUE("queue","type","message_id")
);
--> statement-breakpoint
CREATE TABLE "notifier"."settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notifier"."subscriptions" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "notifier"."subscriptions_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner" text NOT NULL,
	"sees_all" boolean NOT NULL,
	"url" text NOT NULL,
	"host" text NOT NULL,
	"patterns" text[] NOT NULL,
	"matchers" text[] NOT NULL,
	"secret" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"paused_until" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "notifier"."deliveries" ADD CONSTRAINT "deliveries_subscription_id_subscriptions_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "notifier"."subscriptions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "notifier"."deliveries" USING btree ("lane","next_at","seq") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_newest" ON "notifier"."deliveries" USING btree ("seq");--> statement-breakpoint
CREATE INDEX "deliveries_of_subscription" ON "notifier"."deliveries" USING btree ("subscription_id","seq");--> statement-breakpoint
CREATE INDEX "deliveries_of_job" ON "notifier"."deliveries" USING btree ("job_id","seq");--> statement-breakpoint
CREATE INDEX "deliveries_age" ON "notifier"."deliveries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "parked_newest" ON "notifier"."parked" USING btree ("seq");--> statement-breakpoint
CREATE INDEX "parked_age" ON "notifier"."parked" USING btree ("parked_at");