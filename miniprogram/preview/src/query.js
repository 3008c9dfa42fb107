// createSelectorQuery with what the adapter's own lacks: the canvas node.

/** @param {HTMLCanvasElement} canvas */
export function asNode(canvas) {
  canvas.requestAnimationFrame ||= (run) => requestAnimationFrame(run)
  canvas.cancelAnimationFrame ||= (id) => cancelAnimationFrame(id)
  canvas.createImage ||= () => new Image()
  canvas.createPath2D ||= (path) => new Path2D(path)
  return canvas
}

/** @param {any} found a glass-easel element @param {any} fields */
function describe(found, fields) {
  if (!found) return null
  const node = found.$$
  const box = node.getBoundingClientRect()
  const about = {}
  if (fields.id) about.id = node.id
  if (fields.dataset) about.dataset = { ...found.dataset }
  if (fields.rect) Object.assign(about, { left: box.left, top: box.top, right: box.right, bottom: box.bottom })
  if (fields.size || fields.rect) Object.assign(about, { width: box.width, height: box.height })
  if (fields.scrollOffset) Object.assign(about, { scrollLeft: node.scrollLeft, scrollTop: node.scrollTop })
  if (fields.node && node.tagName === 'CANVAS') about.node = asNode(node)
  return about
}

export class SelectorQuery {
  /** @param {any} component a page or component instance */
  constructor(component) {
    this.component = component
    this.asked = []
  }

  in(component) {
    this.component = component
    return this
  }

  select(selector) {
    return this.reference(selector, true)
  }

  selectAll(selector) {
    return this.reference(selector, false)
  }

  reference(selector, single) {
    const { component } = this
    const ask = (fields) => (callback) => {
      this.asked.push({ component, selector, single, fields, callback })
      return this
    }
    return {
      fields: (fields, callback) => ask(fields)(callback),
      node: ask({ node: true }),
      boundingClientRect: ask({ id: true, dataset: true, rect: true }),
      scrollOffset: ask({ id: true, dataset: true, scrollOffset: true }),
    }
  }

  exec(callback) {
    // As on a phone: the answer comes from the other thread, later.
    setTimeout(() => {
      const answers = this.asked.map(({ component, selector, single, fields, callback: each }) => {
        const found = component._$.getShadowRoot().querySelectorAll(selector).map((one) => describe(one, fields))
        const answer = single ? found[0] ?? null : found
        each?.(answer)
        return answer
      })
      callback?.(answers)
    })
    return this
  }
}
