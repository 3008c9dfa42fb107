// Touch, mouse and pen as the events of a mini-program: touches at the top level, x and y on a canvas, tap and
// longpress.

import { glassEasel } from 'glass-easel-miniprogram-adapter'

const LONG_PRESS = 350
/** CSS px from which a touch is no tap any more. */
const SLOP = 10
/** Milliseconds after a touch in which the browser's emulated mouse events are not taken for a mouse. */
const EMULATED = 800
const ARIA = { 'aria-role': 'role' }

/** glass-easel's DOM backend, without its own events and with ids and roles as they are written. */
export class Backend extends glassEasel.CurrentWindowBackendContext {
  document = {
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
    createElement: (tag) => {
      const node = document.createElement(tag)
      // The adapter prefixes ids at random; WXSS and tests want the written ones.
      Object.defineProperty(node, 'id', {
        set(id) { this.setAttribute('id', id.replace(/^[0-9a-z]{8}--/, '')) },
        get() { return this.getAttribute('id') || '' },
      })
      const { setAttribute } = node
      node.setAttribute = function set(name, value) { setAttribute.call(this, ARIA[name] || name, value) }
      return node
    },
  }

  setListenerStats() {}

  /** Dispatches an event on the component tree. @param {Node | null} node where it happened */
  fire(node, type, detail = {}, { extra = {}, event = null, bubbles = true } = {}) {
    let at = node
    while (at && !at.__wxElement) at = at.parentNode
    if (!at) return
    const fired = new glassEasel.Event(type, detail, { bubbles, composed: bubbles, capturePhase: bubbles, originalEvent: event, extraFields: extra })
    glassEasel.Event.dispatchEvent(at.__wxElement, fired)
    if (fired.defaultPrevented() && event?.cancelable) event.preventDefault()
  }
}

/** @param {Touch | MouseEvent} touch @param {DOMRect | undefined} box of the canvas that was touched */
function shaped(touch, box) {
  const { clientX, clientY, pageX, pageY } = touch
  const shape = { identifier: touch.identifier ?? 0, clientX, clientY, pageX, pageY }
  return box ? { ...shape, x: clientX - box.left, y: clientY - box.top } : shape
}

/** What fingers do on the pages, from the first that comes down to the last that is lifted. */
export class Touches {
  /** @param {HTMLElement} pages @param {Backend} backend */
  constructor(pages, backend) {
    this.backend = backend
    this.gesture = null
    this.lastTouch = 0
    const active = { passive: false }
    pages.addEventListener('touchstart', (event) => {
      this.lastTouch = Date.now()
      this.start(event, event.target, event.touches, event.changedTouches)
    }, active)
    pages.addEventListener('touchmove', (event) => this.move(event, event.touches, event.changedTouches), active)
    pages.addEventListener('touchend', (event) => {
      this.lastTouch = Date.now()
      this.end(event, event.touches, event.changedTouches)
    }, active)
    pages.addEventListener('touchcancel', (event) => this.cancel(event, event.touches, event.changedTouches), active)

    const mouse = (run) => (event) => {
      if (Date.now() - this.lastTouch > EMULATED && event.button === 0) run(event)
    }
    pages.addEventListener('mousedown', mouse((event) => this.start(event, event.target, [event], [event])))
    addEventListener('mousemove', mouse((event) => this.move(event, [event], [event])))
    addEventListener('mouseup', mouse((event) => this.end(event, [], [event])))
    pages.addEventListener('contextmenu', (event) => event.preventDefault())
  }

  send(type, event, touches, changed) {
    const { target, box } = this.gesture
    // The browser's own moment of the event, as WeChat's events have it; a handler may come to it later.
    const timeStamp = event ? event.timeStamp : performance.now()
    const extra = { timeStamp, touches: [...touches].map((one) => shaped(one, box)), changedTouches: [...changed].map((one) => shaped(one, box)) }
    this.backend.fire(target, type, {}, { extra, event })
  }

  start(event, target, touches, changed) {
    if (this.gesture) {
      this.still(false)
      this.send('touchstart', event, touches, changed)
      return
    }
    const { clientX, clientY } = changed[0]
    // Measured once: a canvas does not move under a finger, and measuring costs a layout.
    const box = target.closest?.('canvas')?.getBoundingClientRect()
    const gesture = { target, box, x: clientX, y: clientY, since: event.timeStamp, still: true, long: false, timer: 0, pressed: null }
    this.gesture = gesture
    this.press(target)
    this.send('touchstart', event, touches, changed)
    gesture.timer = setTimeout(() => this.pressedLong(gesture, touches, changed), LONG_PRESS)
  }

  pressedLong(gesture, touches, changed) {
    if (this.gesture !== gesture || gesture.long) return
    gesture.long = true
    this.release()
    this.send('longpress', null, touches, changed)
  }

  move(event, touches, changed) {
    const { gesture } = this
    if (!gesture) return
    const { clientX, clientY } = changed[0]
    if (Math.hypot(clientX - gesture.x, clientY - gesture.y) > SLOP) this.still(false)
    this.send('touchmove', event, touches, changed)
    if (event.cancelable && gesture.target.closest?.('canvas[disable-scroll]')) event.preventDefault()
  }

  end(event, touches, changed) {
    const { gesture } = this
    if (!gesture) return
    clearTimeout(gesture.timer)
    // A busy page may come to the lifting before its timer does.
    if (gesture.still && event.timeStamp - gesture.since >= LONG_PRESS) this.pressedLong(gesture, changed, changed)
    this.release()
    this.send('touchend', event, touches, changed)
    // After a long press the browser's click would close the sheet that it opened.
    if (gesture.long && event.cancelable) event.preventDefault()
    if (gesture.still && !gesture.long) {
      const { clientX: x, clientY: y } = changed[0]
      const touch = shaped(changed[0], gesture.box)
      // Before the tap: it may take the button away, as it does not in WeChat.
      gesture.target.closest?.('button')?.activate?.()
      this.backend.fire(gesture.target, 'tap', { x, y }, { extra: { touches: [touch], changedTouches: [touch] }, event })
    }
    if (touches.length === 0) this.gesture = null
  }

  cancel(event, touches, changed) {
    if (!this.gesture) return
    this.still(false)
    this.send('touchcancel', event, touches, changed)
    if (touches.length === 0) this.gesture = null
  }

  still(is) {
    const { gesture } = this
    gesture.still = is
    clearTimeout(gesture.timer)
    this.release()
  }

  /** hover-class, while a finger rests on it. */
  press(target) {
    const pressed = target.closest?.('[hover-class]')
    if (!pressed) return
    this.gesture.pressed = pressed
    pressed.classList.add(pressed.getAttribute('hover-class'))
  }

  release() {
    const { pressed } = this.gesture
    if (pressed) pressed.classList.remove(pressed.getAttribute('hover-class'))
    this.gesture.pressed = null
  }
}
