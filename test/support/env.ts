/** Where the broker and the database of the tests are; `npm test` starts them. */
function need(name: string): string {
  // oxlint-disable-next-line node/no-process-env -- the one place of the tests that reads it
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with "npm test [files]"`)
  return value
}

export const brokerUrl = (): string => need('AMQP_URL')
export const databaseUrl = (): string => need('DATABASE_URL')
/** Credentials may be in it or not; those of the broker URL are used. */
export const managementUrl = (): string => need('MANAGEMENT_URL').replace(/\/\/[^/@]*@/, '//')

/** The broker's MQTT listener; absent where it has none. */
// oxlint-disable-next-line node/no-process-env -- as above
export const mqttUrl = (): string | undefined => process.env['MQTT_URL'] || undefined

/** What services that a test starts inherit. */
// oxlint-disable-next-line node/no-process-env -- as above
export const environment = (): NodeJS.ProcessEnv => process.env

/** The Python that has pika: Debian's own unless told. */
// oxlint-disable-next-line node/no-process-env -- as above
export const pikaPython = (): string => process.env['WARREN_PIKA'] ?? '/usr/bin/python3'
