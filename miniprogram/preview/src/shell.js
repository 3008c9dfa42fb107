// The phone around the mini-program: frame, navigation bar, and the panel beside it.

import builtinCss from './builtin.css'
import shellCss from './shell.css'
import { USERS } from './device.js'

export function addStyle(css) {
  const style = document.createElement('style')
  style.textContent = css
  document.head.append(style)
  return style
}

/** @param {string} html @returns {HTMLElement} */
export function element(html) {
  const template = document.createElement('template')
  template.innerHTML = html.trim()
  return /** @type {HTMLElement} */ (template.content.firstElementChild)
}

export function escape(text) {
  return String(text ?? '').replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

export class Shell {
  constructor(device) {
    this.device = device
    addStyle(shellCss)
    addStyle(builtinCss)
    this.phone = element(`
      <div class="phone">
        <div class="nav">
          <button class="nav-back" aria-label="返回">‹</button>
          <span class="nav-title"></span>
          <div class="capsule"><button class="capsule-menu" aria-label="小程序菜单">•••</button><i></i><button class="capsule-close" aria-label="关闭小程序">◉</button></div>
        </div>
        <div class="pages"></div>
      </div>`)
    this.find = (selector) => /** @type {HTMLElement} */ (this.phone.querySelector(selector))
    this.pages = this.find('.pages')
    document.body.append(this.panel(), this.phone)
    this.measure()
    addEventListener('resize', () => this.measure())
  }

  /** The units that stand for a part of the phone's screen. */
  measure() {
    const style = document.documentElement.style
    style.setProperty('--rpx', `${this.phone.clientWidth / 750}px`)
    style.setProperty('--vh', `${this.phone.clientHeight / 100}px`)
  }

  get size() {
    return { width: this.phone.clientWidth, height: this.pages.clientHeight, screenHeight: this.phone.clientHeight }
  }

  panel() {
    const { device } = this
    const users = USERS.map(({ id, name }) => `<button data-user="${id}" aria-pressed="${id === device.user}">${name}</button>`)
    const panel = element(`
      <aside class="panel">
        <h1>一笔到底</h1>
        <p>手机 ${device.number}。再开一个标签页就是另一台手机。</p>
        <h2>用户</h2><div class="choices users">${users.join('')}</div>
        <h2>网络</h2><div class="choices"><button data-network aria-pressed="false">飞行模式</button></div>
        <h2>相册权限</h2><div class="choices"><button data-album>重置为未询问</button></div>
        <h2>隐私授权</h2><div class="choices"><button data-privacy>重置为未询问</button></div>
        <h2 hidden>剪贴板</h2><a class="copied" target="_blank" rel="noopener" hidden></a>
      </aside>`)
    panel.addEventListener('click', (event) => {
      const button = event.target.closest('button')
      if (!button) return
      if (button.dataset.user) device.switchTo(button.dataset.user)
      if ('network' in button.dataset) {
        const flight = button.getAttribute('aria-pressed') !== 'true'
        button.setAttribute('aria-pressed', String(flight))
        this.onFlight?.(flight)
      }
      if ('album' in button.dataset) this.onAlbumReset?.()
      if ('privacy' in button.dataset) this.onPrivacyReset?.()
    })
    return panel
  }

  /** @param {string} text that was copied; a link can be opened */
  copied(text) {
    const link = document.querySelector('.copied')
    const isLink = /^https?:/.test(text)
    link.href = isLink ? text : ''
    link.textContent = text
    link.hidden = !isLink
    link.previousElementSibling.hidden = !isLink
  }

  /** @param {{ title: string, background: string, text: string, back: boolean }} look */
  navigation({ title, background, text, back }) {
    this.find('.nav-title').textContent = title
    document.title = title
    Object.assign(this.find('.nav').style, { background, color: text === 'white' ? '#fff' : '#000' })
    this.find('.nav-back').style.visibility = back ? 'visible' : 'hidden'
  }

  /** Something over the whole phone. @param {string} html @param {string} className */
  overlay(html, className) {
    const box = element(`<div class="${className}">${html}</div>`)
    this.phone.append(box)
    return box
  }
}
