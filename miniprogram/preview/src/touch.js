// Touch, mouse and pen as the events of a mini-program: touches at the top level, x and y on a canvas, tap and
// longpress.

import { glassEasel } from 'glass-easel-miniprogram-adapter'
import { Wheel } from './wheel.js'

const LONG_PRESS = 350
/** CSS px from which a touch is no tap any more. */
const SLOP = 10
const ARIA = { 'aria-role': 'role' }
/** ARIA's states that are true or false. */
const STATES = ['aria-checked', 'aria-disabled', 'aria-hidden', 'aria-modal']
/** The roles of elements that a keyboard can reach. */
const FOCUSABLE = ['button', 'radio', 'switch', 'slider', 'link', 'checkbox']
/** Elements whose taps the browser itself has to handle. */
const NATIVE = 'input, textarea, select, a'
/** A canvas that the app draws on: the page does not scroll with it. */
const DRAWN_ON = 'canvas[disable-scroll]'

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
      node.setAttribute = function set(name, value) {
        // The framework writes true as an empty value, which ARIA does not know.
        setAttribute.call(this, ARIA[name] || name, value === '' && STATES.includes(name) ? 'true' : value)
        if (name === 'aria-role' && FOCUSABLE.includes(value)) setAttribute.call(this, 'tabindex', '0')
      }
      return node
    },
  }

  /** A tap is being handled: what WeChat lets only a finger do can be done. */
  tapping = false

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

/**
 * @param {Touch | MouseEvent} touch @param {DOMRect | undefined} box of the canvas that was touched
 * @param {PointerEvent[]} [samples] the positions since the event before
 */
function shaped(touch, box, samples = []) {
  const { clientX, clientY, pageX, pageY } = touch
  const shape = { identifier: touch.identifier ?? 0, clientX, clientY, pageX, pageY }
  if (!box) return shape
  const place = (at) => ({ x: at.clientX - box.left, y: at.clientY - box.top })
  if (samples.length < 2) return { ...shape, ...place(touch) }
  return { ...shape, ...place(touch), coalesced: samples.map((sample) => ({ ...place(sample), timeStamp: sample.timeStamp })) }
}

/** The fingers' doings on the pages, from the first touch to the last lifting. */
export class Touches {
  /** @param {HTMLElement} pages @param {Backend} backend */
  constructor(pages, backend) {
    this.backend = backend
    this.gesture = null
    /** The last movement's positions, by pointer. @type {Map<number, PointerEvent[]>} */
    this.samples = new Map()
    const active = { passive: false }
    pages.addEventListener('touchstart', (event) => this.start(event, event.target, event.touches, event.changedTouches), active)
    pages.addEventListener('touchmove', (event) => this.move(event, event.touches, event.changedTouches), active)
    pages.addEventListener('touchend', (event) => this.end(event, event.touches, event.changedTouches), active)
    pages.addEventListener('touchcancel', (event) => this.cancel(event, event.touches, event.changedTouches), active)
    // Touches have pointer events too; theirs come first and tell all positions of the movement.
    // Only secure contexts have them: over a LAN address without a certificate each event stands for itself.
    addEventListener('pointermove', (event) => this.samples.set(event.pointerId, event.getCoalescedEvents?.() ?? [event]), { capture: true })
    for (const type of ['pointerup', 'pointercancel']) addEventListener(type, (event) => this.samples.delete(event.pointerId))

    // A mouse's pointer events have fractions of a pixel, and a browser makes none of them up after a touch.
    const mouse = (run) => (event) => {
      if (event.pointerType === 'mouse' || (event.pointerType === 'pen' && !matchMedia('(any-pointer: coarse)').matches)) run(event)
    }
    pages.addEventListener('pointerdown', mouse((event) => {
      if (event.button === 0) this.start(event, event.target, [event], [event])
    }))
    addEventListener('pointermove', mouse((event) => this.move(event, [event], [event])))
    addEventListener('pointerup', mouse((event) => {
      if (event.button === 0) this.end(event, [], [event])
    }))
    addEventListener('pointercancel', mouse((event) => this.cancel(event, [], [event])))
    pages.addEventListener('contextmenu', (event) => event.preventDefault())
    const wheel = new Wheel((type, target, touches, changed) => this.sendFrom(target, type, touches, changed))
    pages.addEventListener('wheel', (event) => {
      const canvas = event.target.closest?.(DRAWN_ON)
      if (!canvas || this.gesture) return
      event.preventDefault()
      wheel.turn(event, canvas)
    }, active)
  }

  /** @param {Touch | PointerEvent} touch @returns {PointerEvent[]} all positions of its last movement */
  samplesOf(touch) {
    if (touch.pointerId !== undefined) return touch.type === 'pointermove' ? this.samples.get(touch.pointerId) ?? [] : []
    for (const samples of this.samples.values()) {
      const last = samples[samples.length - 1]
      if (last && Math.abs(last.clientX - touch.clientX) < 0.01 && Math.abs(last.clientY - touch.clientY) < 0.01) return samples
    }
    return []
  }

  send(type, event, touches, changed) {
    const { target, box } = this.gesture
    // The browser's own moment of the event, as WeChat's events have it; a handler may come to it later.
    const timeStamp = event ? event.timeStamp : performance.now()
    const changedTouches = [...changed].map((one) => shaped(one, box, type === 'touchmove' ? this.samplesOf(one) : []))
    const extra = { timeStamp, touches: [...touches].map((one) => shaped(one, box)), changedTouches }
    this.backend.fire(target, type, {}, { extra, event })
  }

  /** Fingers that no event of the browser's tells of. */
  sendFrom(target, type, touches, changed) {
    this.gesture = { target, box: target.getBoundingClientRect() }
    this.send(type, null, touches, changed)
    this.gesture = null
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
    // Until a touch has moved by some 15 px, Chromium keeps its movements back, unless its start is cancelled.
    if (event.cancelable && target.closest?.(DRAWN_ON)) event.preventDefault()
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
    if (event.cancelable && gesture.target.closest?.(DRAWN_ON)) event.preventDefault()
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
      this.tap(gesture.target, { x, y }, touch, event)
    }
    if (touches.length === 0) this.gesture = null
  }

  tap(target, place, touch, event) {
    this.backend.tapping = true
    this.backend.fire(target, 'tap', place, { extra: { touches: [touch], changedTouches: [touch] }, event })
    this.backend.tapping = false
    // Otherwise the browser makes up a mouse that clicks on whatever lies there after the tap.
    if (event.type !== 'touchend' || !event.cancelable || target.closest?.(NATIVE)) return
    event.preventDefault()
    if (document.activeElement?.matches('input, textarea')) document.activeElement.blur()
  }

  /** A key on what has the focus is a tap. @param {Element} target @param {KeyboardEvent} event */
  key(target, event) {
    const { left, top, width, height } = target.getBoundingClientRect()
    const place = { x: left + width / 2, y: top + height / 2 }
    const touch = { identifier: 0, clientX: place.x, clientY: place.y, pageX: place.x, pageY: place.y }
    target.closest('button')?.activate?.()
    this.tap(target, place, touch, event)
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
