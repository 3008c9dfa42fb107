// WeChat's own components whose behaviour is more than CSS; view, text and canvas are plain elements.

/** Attributes that a component passes on to its element, as properties. */
const ARIA = ['Label', 'Role', 'Hidden', 'Checked', 'Disabled']

/** @param {string} path of a picture: an address, a temporary file, or a file of the package */
export function sourceOf(path) {
  return /^(https?:|data:|blob:)/.test(path) ? path : `mp/${path.replace(/^\//, '')}`
}

/**
 * @param {object} deps
 * @param {any} deps.space the app's own component space; the global one is not asked
 * @param {import('./touch.js').Backend} deps.backend
 * @param {() => any} deps.wx
 */
export function defineComponents({ space, backend, wx }) {
  const fire = (node, type, detail, bubbles = false) => backend.fire(node, type, detail, { bubbles })

  /**
   * @param {string} tag
   * @param {Record<string, any>} properties
   * @param {(node: any, data: any) => void} apply brings the properties to the element
   * @param {(node: any, component: any) => void} [create]
   */
  function define(tag, properties, apply, create) {
    const all = { ...properties, hidden: Boolean }
    for (const name of ARIA) all[`aria${name}`] = String
    const update = (component) => {
      const { $$: node, data } = component
      node.hidden = data.hidden
      for (const name of ARIA) if (data[`aria${name}`]) node.setAttribute(`aria-${name.toLowerCase()}`, data[`aria${name}`])
      apply(node, data)
    }
    const observers = {}
    for (const name of Object.keys(all)) observers[name] = function observe() { update(this) }
    space.setGlobalUsingComponent(tag, space.defineComponent({
      is: `builtin/${tag}`,
      properties: all,
      observers,
      lifetimes: {
        created() { create?.(this.$$, this) },
        attached() { update(this) },
      },
    }))
  }

  define('image', { src: String, mode: { type: String, value: 'scaleToFill' }, lazyLoad: Boolean }, (node, { src, mode, lazyLoad }) => {
    node.dataset.mode = mode
    const image = node.firstChild
    image.loading = lazyLoad ? 'lazy' : 'eager'
    if (image.dataset.src === src) return
    image.dataset.src = src
    if (!src) image.removeAttribute('src')
    else image.src = sourceOf(src)
  }, (node) => {
    const image = document.createElement('img')
    image.draggable = false
    image.alt = ''
    node.append(image)
    image.onload = () => fire(node, 'load', { width: image.naturalWidth, height: image.naturalHeight })
    image.onerror = () => fire(node, 'error', { errMsg: 'image:fail' })
  })

  const openTypes = {
    share: (node) => wx().previewShare({ from: 'button', target: { dataset: node.dataset } }),
    openSetting: (node) => wx().openSetting({ success: (reply) => fire(node, 'opensetting', reply) }),
    chooseAvatar: (node) => wx().previewAvatar().then((avatarUrl) => fire(node, 'chooseavatar', { avatarUrl }), () => {}),
    getPhoneNumber: (node) => wx().preview.phone().then((detail) => fire(node, 'getphonenumber', detail)),
    contact: () => wx().showToast({ title: '在微信里，这里会打开客服会话', icon: 'none' }),
    agreePrivacyAuthorization: (node) => {
      wx().preview.privacy.agreed(node.id)
      fire(node, 'agreeprivacyauthorization', {})
    },
  }

  define('button', { type: String, size: String, disabled: Boolean, openType: String, formType: String, hoverClass: String }, (node, data) => {
    node.type = 'button'
    node.disabled = data.disabled
    node.dataset.openType = data.openType
    node.dataset.formType = data.formType
  }, (node) => {
    node.activate = () => {
      openTypes[node.dataset.openType]?.(node)
      if (node.dataset.formType === 'submit') submit(node.closest('form'))
    }
  })

  /** @param {HTMLFormElement | null} form */
  function submit(form) {
    if (!form) return
    const value = {}
    for (const field of form.querySelectorAll('input[name], textarea[name]')) value[field.getAttribute('name')] = field.value
    fire(form, 'submit', { value })
  }
  document.addEventListener('submit', (event) => {
    event.preventDefault()
    submit(event.target)
  })

  for (const tag of ['input', 'textarea']) {
    const properties = {
      value: String,
      name: String,
      placeholder: String,
      placeholderStyle: String,
      type: { type: String, value: 'text' },
      password: Boolean,
      disabled: Boolean,
      maxlength: { type: Number, value: 140 },
      focus: Boolean,
      confirmType: String,
    }
    define(tag, properties, (node, data) => {
      if (tag === 'input') node.type = data.password ? 'password' : 'text'
      node.nickname = data.type === 'nickname'
      node.disabled = data.disabled
      node.placeholder = data.placeholder
      // In WeChat the placeholder is an element of its own, with this style.
      node.style.setProperty('--placeholder', /color:\s*([^;]+)/.exec(data.placeholderStyle)?.[1] ?? '')
      node.setAttribute('name', data.name)
      if (data.maxlength >= 0) node.maxLength = data.maxlength
      // Only a value that the app set goes in: what is typed stays where the app does not answer.
      if (node.given !== data.value) {
        node.given = data.value
        node.value = data.value
      }
      if (data.focus) setTimeout(() => node.focus())
    }, (node) => {
      const detail = () => ({ value: node.value, cursor: node.selectionStart })
      node.addEventListener('input', () => fire(node, 'input', detail(), true))
      node.addEventListener('focus', () => {
        // A nickname that was refused is a text like any other.
        if (node.nickname) wx().preview.privacy.needed('nickname').catch(() => {})
        fire(node, 'focus', detail())
      })
      node.addEventListener('blur', () => fire(node, 'blur', detail()))
      node.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') fire(node, 'confirm', detail())
      })
    })
  }
}
