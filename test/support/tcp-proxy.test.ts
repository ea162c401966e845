import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { after, before, it } from 'node:test'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { eventually } from './wait.ts'

// The wire that other tests hurt does what they take for granted.

const served = new Set<Socket>()
const server = createServer((socket) => {
  served.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => served.delete(socket))
  socket.pipe(socket)
})
let proxy: TcpProxy

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy = await startTcpProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

after(async () => {
  await proxy.close()
  server.close()
})

async function dial(): Promise<{ socket: Socket; heard(): string }> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, heard: () => text }
}

/** How long it took until what was said came back. */
async function echo(text: string): Promise<number> {
  const { socket, heard } = await dial()
  const since = performance.now()
  socket.write(text)
  await eventually('the echo', 5_000, () => heard() === text, 1)
  socket.destroy()
  return performance.now() - since
}

it('a delay holds every byte back in both directions, and its end lets go what waits', async () => {
  proxy.delay(50)
  const ms = await echo('late')
  assert.ok(ms >= 99, `${ms} ms`)
  proxy.delay(60_000)
  const { socket, heard } = await dial()
  socket.write('one ')
  await eventually('the bytes to be in the proxy', 1_000, () => socket.bytesWritten === 4)
  proxy.delay(0)
  socket.write('two')
  await eventually('both, in their order', 1_000, () => heard() === 'one two')
  socket.destroy()
})

it('a throttle lets so many bytes pass a second', async () => {
  proxy.throttle(10_000)
  const ms = await echo('x'.repeat(1_000))
  proxy.throttle(Infinity)
  assert.ok(ms >= 199, `${ms} ms`)
  assert.ok((await echo('x'.repeat(1_000))) < 150)
})

it('a held wire passes nothing, and everything in its order afterwards', async () => {
  const { socket, heard } = await dial()
  proxy.hold(true)
  socket.write('held ')
  proxy.hold(false)
  socket.write('then free')
  await eventually('everything', 1_000, () => heard() === 'held then free')
  socket.destroy()
})

it('half-closed: the target sees the end, the near end sees nothing until it is over', async () => {
  const { socket, heard } = await dial()
  socket.write('hello')
  await eventually('the echo', 1_000, () => heard() === 'hello')
  proxy.halfClose(true)
  await eventually('the target to see the end', 1_000, () => served.size === 0)
  socket.write('anybody?')
  await eventually('the bytes to leave', 1_000, () => socket.writableLength === 0)
  assert.deepEqual([socket.destroyed, socket.readableEnded, heard()], [false, false, 'hello'])
  proxy.halfClose(false)
  await eventually('the near end to see it', 1_000, () => socket.destroyed)
  assert.ok((await echo('new')) < 1_000)
})

it('muted: the target hears everything and is not heard, and then the wire is cut', async () => {
  const { socket, heard } = await dial()
  proxy.mute(true)
  socket.write('mute')
  await eventually('the target to answer', 1_000, () => [...served].some(({ bytesWritten }) => bytesWritten === 4))
  proxy.mute(false)
  await eventually('the cut', 1_000, () => socket.destroyed)
  assert.equal(heard(), '')
  await echo('again')
})

it('a cut takes what is connected, and only that', async () => {
  const { socket } = await dial()
  await eventually('a connection', 1_000, () => proxy.connections() === 1)
  proxy.cut()
  await eventually('the cut', 1_000, () => socket.destroyed)
  await echo('again')
})
