CREATE TABLE "executor"."series" (
	"name" text PRIMARY KEY NOT NULL,
	"last" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "series" text;--> statement-breakpoint
ALTER TABLE "executor"."jobs" ADD COLUMN "number" integer;--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_numbered" ON "executor"."jobs" USING btree ("series","number") WHERE series is not null;