// What the user is told, in Chinese.

/** @type {Record<import('./saver').SaveState, string>} */
const STATE_WORDS = {
  saved: '已保存',
  saving: '保存中',
  offline: '离线，已存本机',
  waiting: '稍后重试，已存本机',
  deleted: '已在别处删除',
  gone: '服务器上已不存在',
  full: '存满了，已存本机',
  blocked: '账号受限，已存本机',
  refused: '未能保存，已存本机',
}

/** @type {Record<string, [title: string, text: string]>} */
const FAILURES = {
  offline: ['没有网络', '请检查网络后再试。画过的都已存在本机。'],
  signin: ['登录已失效', '请重新登录后再试。画过的都已存在本机。'],
  signed_out: ['还没有登录', '登录后可以保存到云端，在别的手机上继续画。'],
  wait: ['服务器有点忙', '稍等片刻会自动重试，画过的都已存在本机。'],
  wechat_unavailable: ['微信登录暂时不可用', '稍等片刻会自动重试，画过的都已存在本机。'],
  blocked: ['账号受限', '这个账号暂时不能保存。如有疑问，请把编号告诉我们。'],
  deleted: ['这幅画已被删除', '它在最近删除里，恢复后可以继续画。'],
  missing: ['找不到这幅画', '它可能已在别的手机上删除。'],
  drawing_full: ['这幅画存满了', '可以保存成图片，再新画一幅。'],
  storage_full: ['空间用完了', '在画廊里删掉一些画，并在最近删除里等它们过期。'],
  too_many_drawings: ['画得太多了', '在画廊里删掉一些画后再保存新的。'],
  full: ['存满了', '请删掉一些画后再试。'],
  body_too_large: ['图片太大', '请换一张 2 MB 以内的图片。'],
  invalid_image: ['这张图片不能用', '请换一张 JPEG、PNG 或 WebP 图片。'],
  session_key_superseded: ['微信登录刚更新过', '请再点一次绑定。'],
  phone_code_invalid: ['授权过期了', '请再点一次绑定。'],
  phone_not_given: ['没有拿到手机号', '微信没有给出手机号，请稍后再试。'],
  conflict: ['两台设备同时在画', '稍后会自动合并。'],
  refused: ['没能完成', '服务器没有接受这次操作。请把编号告诉我们。'],
  fault: ['出了点问题', '请稍后再试。如果一直这样，请把编号告诉我们。'],
}

/**
 * @param {import('./http').Failure} failure
 * @returns {{ title: string, text: string, number: string }} `number` is what support asks for
 */
function failureWords(failure) {
  const [title, text] = FAILURES[failure.code] || FAILURES[failure.kind] || FAILURES.fault
  return { title, text, number: failure.requestId.slice(0, 8) }
}

/**
 * What there is to say of the content check; nothing of what has passed or is not checked.
 * @param {{ nickname_state?: string | null, avatar_state?: string | null }} me
 */
function reviewWords({ nickname_state: nickname, avatar_state: avatar }) {
  const both = (/** @type {string} */ state) => [nickname === state && '昵称', avatar === state && '头像'].filter(Boolean).join('和')
  const pending = both('pending')
  const rejected = both('rejected')
  return [
    pending && `${pending}审核中，通过前只有你看得到`,
    rejected && `${rejected}没有通过审核，换一个吧`,
  ].filter(Boolean).join('；')
}

/** @param {number} bytes */
function sizeWords(bytes) {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** @param {string | number} date ISO 8601, or ms since 1970 @param {number} now ms since 1970 */
function dateWords(date, now) {
  const then = new Date(date)
  const minutes = Math.floor((now - then.getTime()) / 60_000)
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return `${minutes} 分钟前`
  const today = new Date(now)
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  if (then.toDateString() === today.toDateString()) return `今天 ${two(then.getHours())}:${two(then.getMinutes())}`
  const day = `${then.getMonth() + 1} 月 ${then.getDate()} 日`
  return then.getFullYear() === today.getFullYear() ? day : `${then.getFullYear()} 年 ${day}`
}

module.exports = { STATE_WORDS, failureWords, reviewWords, sizeWords, dateWords }
