CREATE TABLE "files"."entries" (
	"folder" bigint NOT NULL,
	"path" text NOT NULL,
	"file_id" text NOT NULL,
	"modified_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "entries_folder_path_pk" PRIMARY KEY("folder","path")
);
--> statement-breakpoint
CREATE TABLE "files"."folders" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "files"."folders_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner" text NOT NULL,
	"id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"modified_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "files"."entries" ADD CONSTRAINT "entries_folder_folders_seq_fk" FOREIGN KEY ("folder") REFERENCES "files"."folders"("seq") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files"."entries" ADD CONSTRAINT "entries_file_id_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "files"."files"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "entries_of_file" ON "files"."entries" USING btree ("file_id");--> statement-breakpoint
CREATE UNIQUE INDEX "folders_of_owner" ON "files"."folders" USING btree ("owner","id");