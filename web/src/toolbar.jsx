// The toolbar above GraphiQL: examples, the signed-in user, a select to switch users, and sign-out.
import { credentialsOf } from "./personas.js";

export function Toolbar({ session, pending, error, demo, examples, open, signIn, signOut }) {
  return (
    <header className="toolbar">
      <h1>Relata</h1>
      {examples.length > 0 && <Examples examples={examples} open={open} />}
      <div className="account">
        <p aria-live="polite">
          <strong>{session.name}</strong>
          <span>
            {session.title && `${session.title}, `}
            {session.tenant}
          </span>
        </p>
        {demo && <UserSelect demo={demo} session={session} pending={pending} signIn={signIn} />}
        <button type="button" onClick={() => signOut()}>
          Sign out
        </button>
      </div>
      {error && (
        <p className="error" role="alert">
          {error.message}
        </p>
      )}
    </header>
  );
}

function Examples({ examples, open }) {
  const select = (event) => {
    open(examples[Number(event.target.value)]);
    event.target.value = "";
  };
  return (
    <select aria-label="Open an example" defaultValue="" onChange={select}>
      <option value="" disabled>
        Examples
      </option>
      {examples.map(({ name, persona }, number) => (
        <option key={name} value={number}>
          {persona ? `${name} (${persona})` : name}
        </option>
      ))}
    </select>
  );
}

function UserSelect({ demo, session, pending, signIn }) {
  const { tenant, email } = pending ?? session;
  const value = demo.tenants.some(({ slug, personas }) =>
    personas.some(({ handle }) => slug === tenant && `${handle}@${slug}.example` === email),
  )
    ? `${tenant}/${email.split("@")[0]}`
    : "";
  return (
    <select
      aria-label="Switch user"
      aria-busy={Boolean(pending)}
      disabled={Boolean(pending)}
      value={value}
      onChange={(event) => signIn(credentialsOf(demo, ...event.target.value.split("/")), "toolbar")}
    >
      {!value && (
        <option value="" disabled>
          Switch user …
        </option>
      )}
      {demo.tenants.map(({ slug, name, personas }) => (
        <optgroup key={slug} label={`${name} (${slug})`}>
          {personas.map((each) => (
            <option key={each.handle} value={`${slug}/${each.handle}`}>
              {each.name}, {each.title} ({each.handle}@{slug})
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
