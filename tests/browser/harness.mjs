// The real server and a real browser for the tests of the mini-program's preview.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(import.meta.url), '../../..')
const preview = join(root, 'miniprogram/preview/dist')
const binary = process.env.YIBI_SERVER ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/yibi-server')
const { chromium } = createRequire(join(root, 'miniprogram/package.json'))('playwright-core')

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]
/** The phone of the tests: 390 x 844 CSS px. */
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

/** Default time in ms between two touch events. */
const STEP = 16
/** Duration of a long press in ms. */
const LONG_PRESS = 400
/** Time limit in ms for an expected event. */
export const PATIENCE = 30_000
/** Time in ms after which a drawing page that was just opened takes strokes; the page itself waits 300 ms. */
const SETTLES = 350

async function freePort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** `yibi-server dev` on separate ports. */
export class Server {
  /** @param {string[]} [flags] further ones @param {string} [settings] further ones, in TOML */
  static async start(flags = [], settings = '') {
    for (const needed of [binary, join(preview, 'index.html')]) {
      if (!existsSync(needed)) throw new Error(`${needed} is missing: build the server and the preview first`)
    }
    const server = new Server()
    server.flags = flags
    server.folder = mkdtempSync(join(tmpdir(), 'yibi-browser-'))
    server.config = join(server.folder, 'settings.toml')
    writeFileSync(server.config, `[dev]\npreview_dir = ${JSON.stringify(preview)}\n${settings}`)
    server.port = await freePort()
    server.adminPort = await freePort()
    server.url = `http://127.0.0.1:${server.port}`
    await server.run()
    return server
  }

  /** Starts the process, also after `kill`. */
  async run() {
    this.process = spawn(binary, [
      'dev', '--config', this.config, '--data-dir', join(this.folder, 'data'),
      '--listen', `127.0.0.1:${this.port}`, '--admin-listen', `127.0.0.1:${this.adminPort}`, ...this.flags,
    ], { stdio: ['ignore', 'pipe', 'pipe'] })
    const child = this.process
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { said += data })
    child.on('exit', (code, signal) => {
      if (!this.ending) console.error(`the server ended by itself (${code ?? signal}):\n${said.slice(-4000)}`)
    })
    this.ending = false
    const until = Date.now() + PATIENCE
    for (;;) {
      // With --lan the process prints its address.
      const [address] = said.match(/http:\/\/[\d.:]+\/[\w-]{10,}/) ?? []
      if (address) this.url = address
      const up = await fetch(`${this.url}/api/v1/limits`).then((reply) => reply.ok, () => false)
      if (up && (address || !this.flags.includes('--lan'))) return
      if (Date.now() > until || this.process.exitCode !== null) throw new Error(`the server did not start:\n${said}`)
      await new Promise((done) => { setTimeout(done, 20) })
    }
  }

  /** Kills the process without a graceful stop, as a power cut does. */
  async kill() {
    this.ending = true
    const gone = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await gone
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A request of the operator. @returns {Promise<any>} the JSON of the reply, if there is one */
  async operate(method, path, data) {
    const token = readFileSync(join(this.folder, 'data/dev/admin.token'), 'utf8').trim()
    const reply = await fetch(`http://127.0.0.1:${this.adminPort}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: data === undefined ? undefined : JSON.stringify(data),
    })
    const text = await reply.text()
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  /** A session of a simulated user without a browser. */
  async client(user) {
    const post = (path, data) => fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(data),
    }).then((reply) => reply.json())
    const { code } = await post('/dev/wx/login', { user })
    const { token } = await post('/api/v1/session', { code, device: 'test' })
    return async (method, path, data) => {
      const reply = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: data === undefined ? undefined : JSON.stringify(data),
      })
      const type = reply.headers.get('content-type') ?? ''
      if (type.includes('json')) return reply.json()
      return Buffer.from(await reply.arrayBuffer())
    }
  }
}

/** @returns {Promise<import('playwright-core').Browser>} */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
}

/**
 * A server and a browser for the tests of one file; they end after the last of them.
 * @param {string[]} [flags] of the server
 */
export async function launch(flags) {
  const server = await Server.start(flags)
  after(() => server.stop())
  const browser = await startBrowser()
  after(() => browser.close())
  /** Runs a test with a phone, which is closed afterwards. */
  const withPhone = (user, run, options) => Phone.with(browser, server, user, run, options)
  return { server, browser, withPhone }
}

/** A phone with WeChat: one browser context, so its storage is separate. */
export class Phone {
  static async open(browser, server, user, options = {}) {
    const phone = new Phone()
    phone.context = await browser.newContext({ ...PHONE, ...options })
    phone.context.setDefaultTimeout(PATIENCE)
    phone.server = server
    phone.user = user
    phone.errors = []
    /** Time of the touch events in ms since 1970, and whether no finger is down. */
    phone.time = 0
    phone.lifted = true
    await phone.tab()
    return phone
  }

  /** Opens the app in a new tab. */
  async tab() {
    this.page = await this.context.newPage()
    this.page.on('pageerror', (error) => this.errors.push(error.stack))
    // The framework catches exceptions of a page and logs them here.
    this.page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.errors.push(message.text())
    })
    this.touch = await this.context.newCDPSession(this.page)
    await this.start()
    return this
  }

  /**
   * Starts the app, also again as after it was killed.
   * @param {string} [path] of a page with its query @param {number} [scene] WeChat's number for the way into the app
   */
  async start(path = '', scene = 0) {
    await this.page.goto('about:blank')
    await this.page.goto(`${this.server.url}/?user=${this.user}${scene ? `&scene=${scene}` : ''}${path && `#${path}`}`)
    await this.page.locator('.mp-page:not([hidden])').waitFor()
    return this
  }

  /** Opens 我 from the gallery. */
  async openMe() {
    await this.tap('画廊')
    await this.tap('我')
    await this.text('这台设备').waitFor()
  }

  /** Taps an answer in the dialog with this name. */
  answer(name, text) {
    return this.page.getByRole('dialog', { name, exact: true }).getByText(text, { exact: true }).tap()
  }

  async close() {
    await this.context.close()
    if (this.errors.length) throw new Error(this.errors.join('\n'))
  }

  /**
   * Runs a test with a phone, and fails it too for what went wrong unseen.
   * @param {import('playwright-core').Browser} browser @param {Server} server @param {string} user
   * @param {(phone: Phone) => Promise<void>} run @param {object} [options]
   */
  static async with(browser, server, user, run, options) {
    const phone = await Phone.open(browser, server, user, options)
    try {
      await run(phone)
    } catch (error) {
      await phone.context.close()
      if (phone.errors.length) error.message += `\nthe page said: ${phone.errors.join('\n')}`
      throw error
    }
    await phone.close()
  }

  /** Finds an element by its accessible name. */
  button(name, options = {}) {
    return this.page.locator('.mp-page:not([hidden])').getByLabel(name, { exact: true, ...options })
  }

  text(text) {
    return this.page.locator('.phone').getByText(text, { exact: true }).filter({ visible: true })
  }

  async tap(name) {
    await this.button(name).filter({ visible: true }).tap()
  }

  async longPress(locator) {
    const box = await locator.boundingBox()
    const at = [box.x + box.width / 2, box.y + box.height / 2]
    await this.send('touchStart', [at])
    await this.send('touchEnd', [], LONG_PRESS)
  }

  /**
   * Sends touch events with explicit times, so that a slow machine does not change a gesture.
   * @param {'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel'} type
   * @param {[number, number, number?][]} touches all touching fingers: CSS px and the finger's number
   * @param {number} [after] ms since the former event; by default a frame, and for the first finger the
   *   current time
   */
  send(type, touches, after) {
    const now = Date.now()
    if (after !== undefined) this.time += after
    else this.time = type === 'touchStart' && this.lifted ? Math.max(now, this.time + STEP) : this.time + STEP
    this.lifted = touches.length === 0
    const touchPoints = touches.map(([x, y, id = 0]) => ({ x, y, id }))
    return this.touch.send('Input.dispatchTouchEvent', { type, touchPoints, timestamp: this.time / 1000 })
  }

  /** The position of the paper. */
  async paper() {
    const box = await this.page.locator('.mp-page:not([hidden]) #live').boundingBox()
    return { ...box, at: (x, y) => [box.x + box.width * x, box.y + box.height * y] }
  }

  /**
   * Draws a line with one finger. Places are shares of the paper.
   * @param {[number, number][]} places
   */
  async draw(...places) {
    await this.settled()
    const paper = await this.paper()
    await this.send('touchStart', [paper.at(...places[0])])
    for (const place of places.slice(1)) await this.send('touchMove', [paper.at(...place)])
    await this.send('touchEnd', [])
  }

  /** Waits until the drawing page takes strokes: a page that was just opened ignores the second tap of a double tap. */
  async settled() {
    await this.page.waitForFunction((settles) => {
      const paper = document.querySelector('.mp-page:not([hidden]) #live')
      paper.shownAt ??= performance.now()
      return performance.now() - paper.shownAt > settles
    }, SETTLES)
  }

  /** @param {number} x @param {number} y shares of the paper @returns {Promise<string>} `#rrggbb`, as it is on the screen */
  async colorAt(x, y) {
    const paper = await this.paper()
    const [left, top] = paper.at(x, y)
    const shot = await this.page.screenshot({ clip: { x: Math.floor(left), y: Math.floor(top), width: 1, height: 1 } })
    return this.page.evaluate(async (png) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob())
      const canvas = new OffscreenCanvas(1, 1)
      const context = canvas.getContext('2d')
      context.drawImage(bitmap, 0, 0)
      return `#${[...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value.toString(16).padStart(2, '0')).join('')}`
    }, shot.toString('base64'))
  }

  /** Waits until the screen has a colour at a position of the paper. */
  async see(color, x, y) {
    const until = Date.now() + PATIENCE
    for (;;) {
      const seen = await this.colorAt(x, y)
      if (seen === color) return
      if (Date.now() > until) throw new Error(`at ${x}, ${y} is ${seen}, not ${color}`)
    }
  }

  /** Waits for a save state; 已保存 has no visible text. */
  async state(text) {
    await this.page.locator(`.mp-page:not([hidden]) .state[aria-label="保存状态：${text}"]`).waitFor({ state: 'attached' })
  }

  /** Goes back through the navigation bar. */
  async back() {
    await this.page.locator('.nav-back').tap()
  }

  /** Switches the flight mode of the preview. */
  async toggleNetwork() {
    await this.page.evaluate(() => document.querySelector('[data-network]').click())
  }

  screenshot(name) {
    const folder = process.env.YIBI_SCREENSHOTS
    return folder ? this.page.screenshot({ path: join(folder, `${name}.png`) }) : undefined
  }
}
