// A wheel over a canvas that the app draws on, or a pinch on a touchpad, as the two-finger pinch of a phone.

/** CSS px between the fingers at first: so many that the smallest turn moves them. */
const SPREAD = 2_000
/** CSS px that both fingers together have to move before a pinch is one, as the app sees it; below, it is a tap. */
const LEAST = 16
/** The turn that makes the picture e times as large: CSS px of a wheel, and of a touchpad's pinch. */
const WHEEL = 400
const PAD = 100
/** Milliseconds without a turn after which the fingers are lifted. */
const REST = 160
/** CSS px of a line, where the wheel counts in lines. */
const LINE = 16

export class Wheel {
  /** @param {(type: string, target: Element, touches: object[], changed: object[]) => void} send an event of fingers */
  constructor(send) {
    this.send = send
    this.pinch = null
  }

  /** @param {WheelEvent} event @param {Element} canvas */
  turn(event, canvas) {
    const pixels = event.deltaY * (event.deltaMode === 1 ? LINE : 1)
    // A touchpad's pinch comes with a made-up Ctrl and small steps.
    const pad = event.ctrlKey && Math.abs(pixels) < 50
    if (!this.pinch || this.pinch.canvas !== canvas) {
      this.lift()
      this.pinch = { canvas, x: event.clientX, y: event.clientY, turned: 0, moved: false, timer: 0 }
    }
    const { pinch } = this
    pinch.turned -= pixels / (pad ? PAD : WHEEL)
    const spread = SPREAD * Math.exp(pinch.turned)
    if (pinch.moved || Math.abs(spread - SPREAD) > LEAST) {
      if (!pinch.moved) this.fingers('touchstart', SPREAD)
      pinch.moved = true
      this.fingers('touchmove', spread)
    }
    clearTimeout(pinch.timer)
    pinch.timer = setTimeout(() => this.lift(), REST)
  }

  fingers(type, spread) {
    const { canvas, x, y } = this.pinch
    const finger = (identifier, side) => ({ identifier, clientX: x + (side * spread) / 2, clientY: y, pageX: x, pageY: y })
    const both = [finger(0, -1), finger(1, 1)]
    this.send(type, canvas, type === 'touchend' ? [] : both, both)
  }

  lift() {
    if (!this.pinch) return
    clearTimeout(this.pinch.timer)
    if (this.pinch.moved) this.fingers('touchend', SPREAD * Math.exp(this.pinch.turned))
    this.pinch = null
  }
}
