// The texts of states and failures, in Chinese.

/** @type {Record<import('./saver').SaveState, string>} */
const STATE_WORDS = {
  saved: '已保存',
  saving: '保存中',
  offline: '离线，已存本机',
  unreachable: '暂时连不上服务器，已存本机',
  waiting: '稍后自动重试，已存本机',
  signed_out: '未登录，只存本机',
  closing: '账号注销中，只存本机',
  deleted: '已在别处删除',
  gone: '服务器上已不存在',
  full: '存满了，已存本机',
  blocked: '账号受限，已存本机',
  refused: '未能保存，已存本机',
}

/** Why actions that only the memory holds are not on the server either. @type {Record<string, string>} */
const NOT_SENT = {
  offline: '、没有网络',
  unreachable: '、连不上服务器',
  signed_out: '、没有登录',
  closing: '、账号注销中',
}

/** @type {Record<string, [title: string, text: string]>} */
const FAILURES = {
  offline: ['没有网络', '请检查网络后再试。画过的都已存在本机。'],
  unreachable: ['暂时连不上服务器', '手机的网络没有问题，连上后会自动重试。画过的都已存在本机。'],
  signin: ['登录已失效', '请重新登录后再试。画过的都已存在本机。'],
  signed_out: ['没有登录', '画都存在本机。登录后会存到云端，在别的手机上也能继续画。'],
  session_ended: ['这台设备已退出登录', '你在别的设备上让它退出了。画都存在本机，登录后会继续保存。'],
  phone_storage_full: ['这几笔还没有保存', '手机存储已满，也没能传到服务器，关闭小程序就会丢失。请先保存图片，或清理手机存储、连上网络后重试。'],
  wait: ['服务器有点忙', '稍等片刻会自动重试，画过的都已存在本机。'],
  wechat_unavailable: ['微信登录暂时不可用', '稍等片刻会自动重试，画过的都已存在本机。'],
  blocked: ['账号受限', '这个账号暂时不能保存。如有疑问，请联系客服并附上编号。'],
  deleted: ['这幅画已被删除', '它在最近删除里，恢复后可以继续画。'],
  missing: ['找不到这幅画', '它可能已在别的手机上删除。'],
  drawing_full: ['这幅画存满了', '可以保存成图片，再新画一幅。'],
  storage_full: ['空间用完了', '在画廊里删掉一些画，再到“我”的最近删除里清空，就有空间了。'],
  too_many_drawings: ['画的数量到上限了', '在画廊里删掉一些画，再到“我”的最近删除里清空。'],
  full: ['存满了', '请删掉一些画后再试。'],
  body_too_large: ['图片太大', '请换一张 2 MB 以内的图片。'],
  invalid_image: ['这张图片不能用', '请换一张 JPEG、PNG 或 WebP 图片。'],
  session_key_superseded: ['微信登录刚更新过', '请再点一次绑定。'],
  phone_code_invalid: ['授权过期了', '请再点一次绑定。'],
  phone_not_given: ['没有拿到手机号', '微信没有给出手机号，请稍后再试。'],
  sharing_off: ['现在不能分享', '分享功能没有开放。画都还在，只有你看得到。'],
  nothing_to_share: ['还没有可以分享的画', '纸上没有能分享的笔画，画上几笔再来。'],
  share_removed: ['这幅画没有通过检查', '再画几笔、改一改，就可以重新分享，那时由人工确认。'],
  in_relay: ['这幅画正在接龙', '接龙时一人一笔，轮到你再画。没存上的笔画还在本机。'],
  room_frozen: ['正在等人工确认', '这幅画暂时不能改，确认以后可以继续。'],
  phone_required: ['先绑定手机号', '公开分享以前，需要绑定一次手机号。'],
  conflict: ['两台设备同时在画', '稍后会自动合并。'],
  text_refused: ['有不能用的字符', '名字里不能有换行、控制符等特殊字符，也不能太长。改一改再保存。'],
  refused: ['服务器没有接受', '这次操作没有生效，画没有受影响。如果一直这样，请联系客服并附上编号。'],
  fault: ['出了点问题', '请稍后再试。如果一直这样，请联系客服并附上编号。'],
}

/**
 * @param {import('./http').Failure} failure
 * @returns {{ title: string, text: string, number: string }} `number` is the one that support asks for
 */
function failureWords(failure) {
  if (failure.code === 'account_closing') return { ...closingWords(failure.eraseAt), number: '' }
  const [title, text] = FAILURES[failure.code] || FAILURES[failure.kind] || FAILURES.fault
  return { title, text, number: failure.requestId.slice(0, 8) }
}

/**
 * The title and the text that tell a user about an account that is being closed.
 * @param {string | number | undefined} eraseAt ISO 8601, or ms since 1970
 * @param {number} [now] ms since 1970
 */
function closingWords(eraseAt, now = Date.now()) {
  const date = new Date(eraseAt === undefined ? NaN : eraseAt)
  const known = !Number.isNaN(date.getTime())
  if (known && date.getTime() <= now) return { title: '账号已注销', text: '云端的画和资料已彻底删除。登录会开始一个新的账号。' }
  const when = known ? `${date.getMonth() + 1} 月 ${date.getDate()} 日 ${clock(date)} ` : '几天后'
  return { title: '账号正在注销', text: `${when}彻底删除。在那之前可以取消注销，云端的画都还在。` }
}

/**
 * The words of a drawing's save state.
 * @param {import('./saver').SaveState} state
 * @param {boolean} unwritten the phone's storage did not take the last actions
 */
function stateWords(state, unwritten) {
  if (!unwritten || state === 'saved') return STATE_WORDS[state]
  if (state === 'saving') return '手机存储已满，正在上传'
  return `手机存储已满${NOT_SENT[state] || ''}：这几笔还没有保存，先别关闭`
}

/**
 * The result of the content check, as far as it concerns the user; empty for what has passed or is not checked.
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

/** The reasons of a report and of a removal; each one's number is its place, from 1. */
const REASONS = ['色情低俗', '违法', '辱骂', '广告', '侵权', '其他']

/** @param {number | null | undefined} reason 1 to 6 @returns {string} in brackets; empty where none is known */
function reasonWords(reason) {
  const words = REASONS[(reason || 0) - 1]
  return words ? `（${words}）` : ''
}

/**
 * The state of a share as its author is told it.
 * @param {import('./share').Share} share
 * @returns {{ title: string, text: string, icon: string }}
 */
function shareWords({ state, checking_seq: checking, reason }) {
  switch (state) {
    case 'checking':
      return { icon: 'wait', title: '正在确认', text: '现在就可以发出去。通过后，拿到链接的人就能看到画。' }
    case 'held':
      return { icon: 'wait', title: '等待人工确认', text: '通过前，别人打开链接只看到“正在确认”。' }
    case 'removed':
      return { icon: 'gone', title: `没有通过检查${reasonWords(reason)}`, text: '别人看不到这幅画。再画几笔、改一改，就可以重新分享，那时由人工确认。' }
    case 'revoked':
      return { icon: 'gone', title: '已收回', text: '原来的链接和卡片都打不开了。' }
    default:
  }
  if (checking) return { icon: 'wait', title: '新画的几笔正在确认', text: '在那之前，别人看到的是先前的样子。' }
  if (reason) return { icon: 'check', title: `新画的几笔没有通过${reasonWords(reason)}`, text: '别人看到的是先前的样子。' }
  return { icon: 'check', title: '已通过', text: '拿到链接的人都能看这幅画，和它是怎么画出来的。' }
}

/** The question before a share is taken back, for wx.showModal. */
const REVOKE = {
  title: '收回分享？',
  content: '链接和卡片马上打不开，也不能恢复。以后再分享，会是新的链接。',
  confirmText: '收回',
  confirmColor: '#ad3a29',
}

/**
 * The words for a visitor while no picture can be shown.
 * @param {import('./http').Failure | null} failure null while the share is being checked
 * @returns {{ icon: string, title: string, text: string, again: boolean }} `again`: to try again may help
 */
function visitorWords(failure) {
  if (!failure) return { icon: 'wait', title: '正在确认', text: '通过后自动播放', again: false }
  if (failure.status === 410) return { icon: 'gone', title: '这幅画已收回', text: '作者收回了它，或者它不能再展示。', again: false }
  if (failure.kind === 'missing') return { icon: 'gone', title: '没有找到这幅画', text: '链接可能不完整，或者画已经不在了。', again: false }
  if (failure.code === 'unreachable') return { icon: 'cloud', title: '暂时连不上服务器', text: '稍等片刻再试。', again: true }
  if (failure.kind === 'offline') return { icon: 'cloud', title: '没有网络', text: '连上网络后再试。', again: true }
  return { icon: 'cloud', title: '暂时打不开', text: '稍等片刻再试。', again: true }
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
  if (then.toDateString() === today.toDateString()) return `今天 ${clock(then)}`
  const day = `${then.getMonth() + 1} 月 ${then.getDate()} 日`
  return then.getFullYear() === today.getFullYear() ? day : `${then.getFullYear()} 年 ${day}`
}

/** @param {Date} date */
function clock(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

/**
 * The name of a drawing for a screen reader: its title where it has one, otherwise when it was changed.
 * @param {{ title: string, mode: string }} drawing @param {string} date
 */
function drawingWords({ title, mode }, date) {
  return `${title || '画'}，${date}${mode === 'one_stroke' ? '，一笔画成' : ''}`
}

module.exports = {
  REASONS, REVOKE, STATE_WORDS, stateWords, closingWords, drawingWords, failureWords, reviewWords, shareWords, visitorWords,
  sizeWords, dateWords,
}
