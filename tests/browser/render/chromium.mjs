/**
 * A headless Chromium, driven by the DevTools protocol through two pipes: no port, no dependency.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FLAGS = [
  '--headless',
  '--remote-debugging-pipe',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
  '--no-first-run',
]

/**
 * Starts Chromium with one empty page, gives it to `use`, and ends it.
 *
 * @template T
 * @param {(evaluate: (expression: string) => Promise<any>) => Promise<T>} use `evaluate` runs an expression in
 *   the page, waits for it, and returns its value, which has to be JSON
 * @param {string} [binary]
 * @returns {Promise<T>}
 */
export async function withPage(use, binary = process.env.CHROMIUM ?? 'chromium') {
  const profile = await mkdtemp(join(tmpdir(), 'yibi-chromium-'))
  const child = spawn(binary, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const gone = new Promise((resolve) => child.once('close', resolve))
  try {
    const send = connection(child)
    const { targetInfos } = await send('Target.getTargets')
    const { targetId } = targetInfos.find((/** @type {any} */ target) => target.type === 'page')
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    return await use(async (expression) => {
      const parameters = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = await send('Runtime.evaluate', parameters, sessionId)
      if (exceptionDetails) {
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      }
      return result.value
    })
  } finally {
    child.kill()
    await gone
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/**
 * The protocol's messages: JSON, each ended by a zero byte. Written messages go to the child's descriptor 3.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function connection(child) {
  const [, , , to, from] = /** @type {any[]} */ (child.stdio)
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map()
  const fail = (/** @type {Error} */ error) => {
    for (const { reject } of waiting.values()) {
      reject(error)
    }
    waiting.clear()
  }
  /** @type {Buffer[]} */
  let pending = []
  from.on('data', (/** @type {Buffer} */ data) => {
    for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0)) {
      const message = JSON.parse(Buffer.concat([...pending, data.subarray(0, end)]).toString())
      pending = []
      data = data.subarray(end + 1)
      const call = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error) {
        call?.reject(new Error(message.error.message))
      } else {
        call?.resolve(message.result)
      }
    }
    pending.push(data)
  })
  to.on('error', fail)
  child.once('error', fail)
  child.once('exit', () => fail(new Error('Chromium ended')))

  let id = 0
  return (/** @type {string} */ method, /** @type {object} */ params = {}, /** @type {string} */ sessionId = undefined) =>
    new Promise((resolve, reject) => {
      id += 1
      waiting.set(id, { resolve, reject })
      to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
}
