// Toasts, modals and action sheets.

import { escape } from '../shell.js'
import { call } from './call.js'

export function dialogs({ shell }) {
  let toast = null
  let timer = 0

  const hide = () => {
    clearTimeout(timer)
    toast?.remove()
    toast = null
  }
  const show = (title, loading, duration) => {
    hide()
    toast = shell.overlay(escape(title), `mp-toast${loading ? ' loading' : ''}`)
    toast.setAttribute('role', 'status')
    if (!loading) timer = setTimeout(hide, duration)
  }

  /** @param {{ title?: string, content?: string, showCancel?: boolean, cancelText?: string, confirmText?: string, cancelColor?: string, confirmColor?: string }} options */
  function modal({ title = '', content = '', showCancel = true, cancelText = '取消', confirmText = '确定', cancelColor, confirmColor }) {
    return new Promise((resolve) => {
      const cancel = showCancel ? `<button data-answer="cancel">${escape(cancelText)}</button>` : ''
      const box = shell.overlay(`
        <section class="mp-modal" role="dialog" aria-label="${escape(title)}">
          <h3>${escape(title)}</h3><p>${escape(content)}</p>
          <div>${cancel}<button class="confirm" data-answer="confirm">${escape(confirmText)}</button></div>
        </section>`, 'mp-mask middle')
      if (confirmColor) box.querySelector('.confirm').style.color = confirmColor
      if (cancelColor && showCancel) box.querySelector('[data-answer="cancel"]').style.color = cancelColor
      box.addEventListener('click', (event) => {
        const { answer } = event.target.dataset
        if (!answer) return
        box.remove()
        resolve(answer === 'confirm')
      })
    })
  }

  return {
    modal,
    api: {
      showToast: (options) => call('showToast', options, (ok) => { show(options.title, false, options.duration ?? 1500); ok() }),
      hideToast: (options) => call('hideToast', options, (ok) => { hide(); ok() }),
      showLoading: (options) => call('showLoading', options, (ok) => { show(options.title, true); ok() }),
      hideLoading: (options) => call('hideLoading', options, (ok) => { hide(); ok() }),
      showModal: (options) => call('showModal', options, (ok) => {
        void modal(options).then((confirm) => ok({ confirm, cancel: !confirm }))
      }),
      showActionSheet: (options) => call('showActionSheet', options, (ok, no) => {
        const items = options.itemList.map((text, i) => `<button data-index="${i}">${escape(text)}</button>`)
        const box = shell.overlay(`${items.join('')}<button data-index="-1">取消</button>`, 'mp-mask')
        box.addEventListener('click', (event) => {
          const index = Number(event.target.dataset.index ?? -1)
          box.remove()
          if (index >= 0) ok({ tapIndex: index })
          else no({ errMsg: 'showActionSheet:fail cancel' })
        })
      }),
    },
  }
}
