import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import S3rver from 's3rver'

/** A server that speaks S3, on a port that it tells its parent, with its objects in a folder. */
const [directory = '', bucket = ''] = process.argv.slice(2)
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  vhostBuckets: false,
  configureBuckets: [{ name: bucket }],
})
const begun = join(directory, bucket, '._S3rver_uploads')

// what this server does not know itself: uploads in parts that have begun, and how they are given up
server.middleware.unshift(async (context, next) => {
  const { method, path, query } = context
  if (method === 'DELETE' && query['uploadId'] !== undefined) {
    rmSync(join(begun, query['uploadId']), { recursive: true, force: true })
    context.status = 204
  } else if (method === 'GET' && query['uploads'] !== undefined && path.replace(/\/$/, '') === `/${bucket}`) {
    const prefix = query['prefix'] ?? ''
    const uploads = (existsSync(begun) ? readdirSync(begun) : []).flatMap((id) => {
      const key = readFileSync(join(begun, id, 'key'), 'utf8')
      const initiated = statSync(join(begun, id, 'key')).mtime.toISOString()
      const upload = `<Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated>`
      return key.startsWith(prefix) ? [`<Upload>${upload}</Upload>`] : []
    })
    context.type = 'application/xml'
    context.body = `<ListMultipartUploadsResult>${uploads.join('')}<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`
  } else await next()
})
const { port } = await server.run()
process.send?.(`http://127.0.0.1:${port}`)
