// The keyboard of a computer: Tab and Enter or space reach every button, Esc closes what lies on top, and
// Ctrl+Z and Ctrl+Shift+Z are the page's own undo and redo.

/** The mask of a sheet, whose tap closes it. */
const SHEET_MASK = '[role="button"][aria-label="关闭"]'
/** The answer of a dialog of WeChat's that changes nothing. */
const DISMISS = '[data-answer="cancel"], [data-index="-1"], [data-answer="confirm"]:only-child'

const isVisible = (node) => node.getClientRects().length > 0

export class Keys {
  /**
   * @param {import('./host.js').Host} host
   * @param {import('./touch.js').Touches} touches
   */
  constructor(host, touches) {
    this.host = host
    this.touches = touches
    document.addEventListener('keydown', (event) => this.down(event))
  }

  down(event) {
    const { target, key } = event
    if (target.matches?.('input, textarea')) return
    if (key === 'Escape') this.dismiss(event)
    else if ((key === 'Enter' || key === ' ') && target.closest?.('.pages [tabindex]')) {
      event.preventDefault()
      if (!event.repeat) this.touches.key(target.closest('[tabindex]'), event)
    } else if ((event.ctrlKey || event.metaKey) && /^[zy]$/i.test(key)) this.step(event)
  }

  step(event) {
    event.preventDefault()
    // A dialog or a sheet is on top: the page below it does not move.
    if (this.mask() || document.querySelector('.mp-mask')) return
    const redo = event.shiftKey || /^y$/i.test(event.key)
    this.host.call(this.host.top, redo ? 'redo' : 'undo')
  }

  mask() {
    return [...this.host.top.frame.querySelectorAll(SHEET_MASK)].filter(isVisible).at(-1)
  }

  dismiss(event) {
    const dialog = [...document.querySelectorAll('.mp-mask')].at(-1)
    const mask = this.mask()
    if (dialog) dialog.querySelector(DISMISS)?.click()
    else if (mask) this.touches.key(mask, event)
  }
}
