// The clipboard. A link that was copied also stands beside the phone, to be opened.

import { call } from './call.js'

/** @param {{ shell: any, showToast: (options: object) => void }} deps */
export function clipboard({ shell, showToast }) {
  return (options) => call('setClipboardData', options, (ok, no) => {
    write(options.data).then(() => {
      shell.copied(options.data)
      showToast({ title: '内容已复制' })
      ok()
    }, no)
  })
}

/** @param {string} text */
async function write(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return
  }
  // Over plain http on another machine a browser has no clipboard but that of a field.
  const field = Object.assign(document.createElement('textarea'), { value: text })
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}
