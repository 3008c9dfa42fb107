// Runs the mini-program: its modules, its page stack and their lifecycles, on glass-easel.

import * as adapter from 'glass-easel-miniprogram-adapter'
import { defineComponents } from './components.js'
import { SelectorQuery } from './query.js'
import { addStyle } from './shell.js'
import { Keys } from './keys.js'
import { Backend, Touches } from './touch.js'

/** Pages that WeChat keeps at most. */
const MOST_PAGES = 10
/** CSS px from the end at which onReachBottom is called, where the page says nothing. */
const REACH_BOTTOM = 50
/** The scene of an app that the user opens without a card. */
const OWN_SCENE = 1001
/** CSS px that a page is pulled down to be refreshed. */
const PULL = 70

adapter.component.ComponentCaller.prototype.createSelectorQuery = function create() {
  return new SelectorQuery(this)
}

function join(from, path) {
  const parts = path.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function failure(errMsg) {
  return Object.assign(new Error(errMsg), { errMsg })
}

/** A query as WeChat gives it to a page: percent-encoded values stay as they are. */
function parameters(query) {
  return Object.fromEntries(query.split('&').filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split('=')
    return [name, value.join('=')]
  }))
}

export class Host {
  constructor(program, shell) {
    this.program = program
    this.shell = shell
    /** WeChat's number for the way into the app: `?scene=1154` is the timeline's single-page mode. */
    this.scene = Number(new URLSearchParams(location.search).get('scene')) || OWN_SCENE
    this.stack = []
    this.loaded = {}
    this.defined = new Set()
    this.app = null
    const { json, templates, scopes, css } = program
    this.backend = new Backend()
    const env = new adapter.MiniProgramEnv()
    this.space = env.createCodeSpace('', true)
    this.associated = env.associateBackend(this.backend)
    const components = this.space.getComponentSpace()
    components.updateComponentOptions({ writeIdToDOM: true })
    defineComponents({ space: components, backend: this.backend, wx: () => this.wx })
    for (const path of Object.keys(templates)) {
      // Without the fallback, bindtap on a plain tag is ignored.
      this.space.addCompiledTemplate(path, { groupList: templates, content: templates[path], fallbackListenerOnNativeNode: true })
    }
    for (const [path, scope] of Object.entries(scopes)) this.space.addStyleSheet(path, undefined, scope)
    const shared = json.app.usingComponents || {}
    for (const path of Object.keys(json)) {
      if (program.modules[`${path}.js`]) this.space.addComponentStaticConfig(path, { ...json[path], usingComponents: { ...shared, ...json[path].usingComponents } })
    }
    if (css.app) addStyle(css.app)
    new Keys(this, new Touches(shell.pages, this.backend))
    shell.find('.nav-back').onclick = () => this.back(1)
    shell.find('.capsule-menu').onclick = () => this.wx.previewMenu()
    shell.find('.capsule-close').onclick = () => this.setVisible(this.hidden === true)
    document.addEventListener('visibilitychange', () => this.setVisible(!document.hidden))
    addEventListener('resize', () => this.call(this.top, 'onResize', { size: { windowWidth: shell.size.width, windowHeight: shell.size.height } }))
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.decorate())
  }

  get top() {
    return this.stack[this.stack.length - 1]
  }

  pages() {
    return this.stack.map(({ page }) => page)
  }

  /** @param {any} wx @param {string} base the server's address, which takes the place of config.js's */
  launch(wx, base) {
    this.wx = wx
    const config = this.load('config.js')
    for (const name of Object.keys(config)) config[name] = base
    this.load('app.js')
    const [path, query = ''] = (location.hash.slice(1) || this.program.json.app.pages[0]).split('?')
    this.entry = { path, query: parameters(query), scene: this.scene }
    this.app.onLaunch?.(this.entry)
    this.app.onShow?.(this.entry)
    this.open(`/${path}${query ? `?${query}` : ''}`)
  }

  /**
   * Comes back from the background by a card or a code. As in WeChat, a page that is open already gets no onLoad.
   * @param {string} target a page with its query @param {number} scene
   */
  enter(target, scene) {
    const [path, query = ''] = target.split('?')
    this.setVisible(false)
    this.entry = { path, query: parameters(query), scene }
    const isOpen = this.top.path === path
    this.setVisible(true, isOpen)
    if (!isOpen) this.open(`/${target}`, 'reLaunch')
  }

  // ---- modules

  load(file, definers = {}) {
    if (this.loaded[file]) return this.loaded[file].exports
    const source = this.program.modules[file]
    if (!source) throw new Error(`module not found: ${file}`)
    const module = { exports: {} }
    this.loaded[file] = module
    const require = (path) => {
      const target = join(file, path)
      return this.load(this.program.modules[target] ? target : `${target}.js`)
    }
    const misplaced = (name) => () => { throw new Error(`${name}() in ${file}`) }
    const app = (options) => { this.app = options }
    source.call(
      undefined, require, module, module.exports, this.wx, app,
      definers.Page ?? misplaced('Page'), definers.Component ?? misplaced('Component'), definers.Behavior ?? misplaced('Behavior'),
      () => this.app, () => this.pages(),
    )
    return module.exports
  }

  /** Registers a page or component, and what it uses, once. */
  define(path) {
    if (this.defined.has(path)) return
    this.defined.add(path)
    const { json, css } = this.program
    const used = { ...json.app.usingComponents, ...json[path]?.usingComponents }
    for (const other of Object.values(used)) this.define(join(path, other))
    if (css[path]) addStyle(css[path])
    this.space.componentEnv(path, (env) => this.load(`${path}.js`, env))
  }

  // ---- the page stack

  /** @param {string} url @param {'navigateTo' | 'redirectTo' | 'reLaunch'} [how] */
  open(url, how = 'navigateTo') {
    const [target, query = ''] = url.split('?')
    const path = join(this.top?.path ?? '', target)
    if (!this.program.json.app.pages.includes(path)) throw failure(`${how}:fail page "${path}" is not found`)
    if (how === 'navigateTo' && this.stack.length >= MOST_PAGES) throw failure('navigateTo:fail webview count limit exceed')
    if (how === 'navigateTo') {
      this.call(this.top, 'onHide')
      this.top?.component.triggerPageLifetime('hide', [])
    } else this.drop(how === 'redirectTo' ? 1 : this.stack.length)
    this.define(path)
    const root = this.associated.createRoot('page', this.space, path)
    const frame = document.createElement('div')
    frame.className = 'mp-page'
    frame.dataset.path = path
    const pull = document.createElement('div')
    pull.className = 'mp-pull'
    const scroller = document.createElement('div')
    scroller.className = 'mp-scroll'
    const place = document.createElement('span')
    scroller.append(pull, place)
    frame.append(scroller)
    this.shell.pages.append(frame)
    const entry = { path, frame, scroller, pull, root, component: root.getComponent(), page: root.get(), title: null }
    this.stack.push(entry)
    const options = parameters(query)
    Object.assign(entry.page, { route: path, options })
    this.decorate()
    root.attach(scroller, place)
    this.scrolling(entry)
    this.call(entry, 'onLoad', options)
    this.shown(entry)
    requestAnimationFrame(() => this.call(entry, 'onReady'))
  }

  back(delta) {
    const count = Math.min(delta, this.stack.length - 1)
    if (count < 1) return
    this.drop(count)
    this.decorate()
    this.shown(this.top)
  }

  drop(count) {
    for (const entry of this.stack.splice(this.stack.length - count).reverse()) {
      this.call(entry, 'onUnload')
      entry.root.release()
      entry.frame.remove()
    }
  }

  shown(entry) {
    this.call(entry, 'onShow')
    entry.component.triggerPageLifetime('show', [])
  }

  call(entry, name, ...args) {
    if (typeof entry?.page[name] !== 'function') return undefined
    return entry.page[name](...args)
  }

  /** The app goes to the background or comes back, by default with the page that was in front. */
  setVisible(visible, withPage = true) {
    if (this.hidden === !visible) return
    this.hidden = !visible
    if (visible) {
      this.app.onShow?.(this.entry)
      if (withPage) this.shown(this.top)
    } else {
      this.call(this.top, 'onHide')
      this.top.component.triggerPageLifetime('hide', [])
      this.app.onHide?.()
    }
  }

  /** Navigation bar, and which page is to be seen. */
  decorate() {
    if (!this.top) return
    const { json } = this.program
    const dark = matchMedia('(prefers-color-scheme: dark)').matches
    const colors = json.theme?.[dark ? 'dark' : 'light'] ?? {}
    const look = (value) => (typeof value === 'string' && value.startsWith('@') ? colors[value.slice(1)] : value)
    const settings = { ...json.app.window, ...json[this.top.path] }
    this.shell.navigation({
      title: this.top.title ?? settings.navigationBarTitleText ?? '',
      background: look(settings.navigationBarBackgroundColor) ?? '#ffffff',
      text: look(settings.navigationBarTextStyle) ?? 'black',
      back: this.stack.length > 1,
    })
    for (const entry of this.stack) {
      const { backgroundColor, backgroundTextStyle } = { ...json.app.window, ...json[entry.path] }
      // The ground of the window, which shows while it is pulled down.
      entry.frame.style.background = look(backgroundColor) ?? '#ffffff'
      entry.pull.dataset.text = look(backgroundTextStyle) ?? 'dark'
      entry.frame.hidden = entry !== this.top
    }
  }

  // ---- scrolling

  scrolling(entry) {
    const settings = { ...this.program.json.app.window, ...this.program.json[entry.path] }
    const { scroller, pull } = entry
    if (settings.disableScroll) scroller.style.overflow = 'hidden'
    const near = settings.onReachBottomDistance ?? REACH_BOTTOM
    /** The height whose end was reached, so that each end is said once. */
    let reached = 0
    scroller.addEventListener('scroll', () => {
      this.call(entry, 'onPageScroll', { scrollTop: scroller.scrollTop })
      const { scrollHeight } = scroller
      const atEnd = scroller.scrollTop + scroller.clientHeight >= scrollHeight - near
      if (atEnd && reached !== scrollHeight) this.call(entry, 'onReachBottom')
      reached = atEnd ? scrollHeight : 0
    })
    if (!settings.enablePullDownRefresh) return
    let from = null
    let way = 0
    entry.stopPull = () => { pull.style.height = '0' }
    scroller.addEventListener('touchstart', (event) => {
      from = scroller.scrollTop === 0 && event.touches.length === 1 ? event.touches[0].clientY : null
      way = 0
    })
    scroller.addEventListener('touchmove', (event) => {
      if (from === null) return
      way = Math.max(0, event.touches[0].clientY - from)
      pull.textContent = way > PULL ? '松开刷新' : '下拉刷新'
      pull.style.height = `${Math.min(48, way / 2)}px`
    }, { passive: true })
    scroller.addEventListener('touchend', () => {
      if (from === null) return
      from = null
      if (way > PULL) this.refresh(entry)
      else entry.stopPull()
    })
  }

  refresh(entry = this.top) {
    entry.pull.textContent = '正在刷新'
    entry.pull.style.height = '48px'
    this.call(entry, 'onPullDownRefresh')
  }
}
