SELECT pg_sleep(0.05);--> statement-breakpoint
CREATE TABLE "sample"."notes" ("text" text);
