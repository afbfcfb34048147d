// Emoji shortcodes, as Slack names them, that a coach's messages and people's notes are likely to use.

const NAMES = {
  alarm_clock: "⏰", arrow_down: "⬇️", arrow_forward: "▶️", arrow_right: "➡️", arrow_up: "⬆️",
  ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔", blush: "😊", bookmark: "🔖", boom: "💥", brain: "🧠",
  briefcase: "💼", bulb: "💡", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  calendar: "📆", chart_with_downwards_trend: "📉", chart_with_upwards_trend: "📈", clap: "👏", clipboard: "📋",
  clock1: "🕐", clock3: "🕒", clock9: "🕘", coffee: "☕", compass: "🧭", construction: "🚧", crossed_fingers: "🤞", cry: "😢",
  dart: "🎯", date: "📅", door: "🚪", email: "📧", envelope: "✉️", exclamation: "❗", eyes: "👀", fire: "🔥",
  flag: "🚩", gear: "⚙️", gem: "💎", grinning: "😀", hammer_and_wrench: "🛠️", handshake: "🤝", heart: "❤️",
  heavy_check_mark: "✔️", heavy_minus_sign: "➖", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  inbox_tray: "📥", information_source: "ℹ️", joy: "😂", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_orange_circle: "🟠", large_orange_diamond: "🔶", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", loudspeaker: "📢",
  mag: "🔍", mailbox: "📫", medal: "🏅", memo: "📝", money_with_wings: "💸", moneybag: "💰", mute: "🔇", muscle: "💪",
  no_bell: "🔕", no_entry: "⛔", no_entry_sign: "🚫", ok_hand: "👌", one: "1️⃣", outbox_tray: "📤",
  package: "📦", page_facing_up: "📄", paperclip: "📎", partying_face: "🥳", pencil: "📝", pencil2: "✏️", phone: "☎️", point_right: "👉",
  pray: "🙏", pushpin: "📌", question: "❓", raised_hands: "🙌", red_circle: "🔴", repeat: "🔁", rocket: "🚀", rotating_light: "🚨",
  scales: "⚖️", scroll: "📜", seedling: "🌱", shield: "🛡️", sleeping: "😴", slightly_smiling_face: "🙂", smile: "😄", small_orange_diamond: "🔸",
  snail: "🐌", snowflake: "❄️", sparkles: "✨", speech_balloon: "💬", star: "⭐", star2: "🌟", stopwatch: "⏱️", sunrise: "🌅",
  tada: "🎉", telephone: "☎️", telephone_receiver: "📞", thinking_face: "🤔", three: "3️⃣", thumbsdown: "👎", thumbsup: "👍",
  "+1": "👍", "-1": "👎", timer_clock: "⏲️", toolbox: "🧰", trophy: "🏆", turtle: "🐢", two: "2️⃣", unlock: "🔓", wastebasket: "🗑️",
  warning: "⚠️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", black_circle: "⚫", wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};

/** The character of a shortcode such as "dart", or null when this page does not know it. */
export function emojiFor(name) {
  return Object.hasOwn(NAMES, name) ? NAMES[name] : null;
}

/** Put characters in place of the :shortcodes: in a text; unknown ones stay as written. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emojiFor(name) ?? whole);
}
