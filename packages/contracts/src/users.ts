import { z } from 'zod'

/** What a person logs in with; it stands for nobody else ever. */
export const UserName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/, 'a letter or digit, then at most 63 of those and ". _ @ + -"')
  .meta({ description: 'Name of a user', examples: ['ada'] })

const Password = z.string().min(8).max(1_024).meta({ description: 'At least 8 characters', format: 'password' })
const Roles = z.array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)).max(16)

/** Somebody who has a password. */
export const User = z
  .object({
    id: z.string().meta({ description: 'The principal that jobs and files belong to' }),
    number: z.int().meta({ description: 'The same as a number, for systems that need one' }),
    name: UserName,
    roles: Roles.meta({ description: '`admin` may see and do everything' }),
    disabled: z.boolean().meta({ description: 'May not log in, and tokens are refused' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

const about = { deadlineMs: 10_000 } as const

/** Operations of the registry about users. */
export const userOperations = {
  createUser: {
    ...about,
    summary: 'Create a user; for administrators',
    http: 'POST /users',
    success: 201,
    input: z.object({ name: UserName, password: Password, roles: Roles.default([]) }),
    output: User,
    errors: ['FORBIDDEN', 'CONFLICT'],
  },
  listUsers: {
    ...about,
    summary: 'List users, by name; for administrators',
    http: 'GET /users',
    input: z.object({
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
      after: UserName.optional().meta({ description: 'Continue behind this name' }),
    }),
    output: z.object({ users: z.array(User), next: UserName.nullable() }),
    errors: ['FORBIDDEN'],
    idempotent: true,
  },
  changeUser: {
    ...about,
    summary: 'Disable or enable a user, or change password or roles; for administrators',
    description:
      'What is left out stays. Another password ends all tokens of the user. It takes half a minute until every ' +
      'gateway knows.',
    http: 'PATCH /users/:name',
    input: z.object({
      name: UserName,
      disabled: z.boolean().optional(),
      password: Password.optional(),
      roles: Roles.optional(),
    }),
    output: User,
    errors: ['FORBIDDEN', 'NO_SUCH_USER'],
    idempotent: true,
  },
  logIn: {
    ...about,
    summary: 'Exchange name and password for a token',
    description: 'After 10 failures in a minute a name is refused until the minute is over, with any password.',
    input: z.object({ name: z.string().max(1_024), password: z.string().max(1_024) }),
    output: z.object({ token: z.string(), expiresAt: z.iso.datetime() }),
    errors: ['UNAUTHENTICATED', 'TOO_MANY_ATTEMPTS'],
    idempotent: true,
  },
  identify: {
    ...about,
    summary: 'Say whose a token is',
    description: 'The token of a user who is disabled is still his.',
    input: z.object({ token: z.string() }),
    output: z.object({ user: User, expiresAt: z.iso.datetime() }),
    errors: ['UNAUTHENTICATED'],
    idempotent: true,
  },
} as const
