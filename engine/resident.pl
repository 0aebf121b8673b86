# What runs on a host while it is looked at, for as long as the connection is open: it runs the sections that it is asked
# for, side by side; where a hint has changed it says so, and runs the section at once. Perl, because every Debian has it (perl-base), and because one
# process that stays costs a host less than a shell that starts a program for each glance.
#
# In: lines of section names; one without names asks for a beat.
# Out: "MARK look NAME EXIT LENGTH\n" and LENGTH bytes; "MARK begun NAME ...\n", for what runs because its
# hint has changed, "MARK hint NAME ...\n" for what should; "MARK beat\n", once a second as well.
# Before this stand (engine/script.py): $mark, $limit, $tick, $deaf, $most, %section, %units, %files, %question, @addressed.
use strict;
use Socket qw(:DEFAULT SOCK_NONBLOCK);
$0 = 'hatui';
my (%running, %hint, %path, $kernel);
my ($heard, $beaten, $asked, $said, $line) = (time, 0, 0, '', '');
my (%changed, %begun);

sub leave { kill 'KILL', map { -$_->{pid} } values %running; exit 0 }
$SIG{PIPE} = $SIG{HUP} = $SIG{TERM} = \&leave;

sub speak {
    my $text = shift;
    while (length $text) {
        my $written = syswrite STDOUT, $text;
        defined $written or $!{EINTR} or leave();
        substr $text, 0, $written // 0, '';
    }
}

sub begin {
    my $name = shift;
    return 0 if !exists $section{$name} || grep { $_->{name} eq $name } values %running;
    pipe my $out, my $into or return 0;
    my $pid = fork;
    defined $pid or return 0;
    if (!$pid) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $into;
        open STDERR, '>', '/dev/null';
        exec '/bin/sh', '-c', $section{$name};
        kill 'KILL', $$;
    }
    $running{fileno $out} = { name => $name, pid => $pid, out => $out, said => '' };
    return 1;
}

sub hear {
    my ($key, $one) = @_;
    my $read = sysread $one->{out}, $one->{said}, 65536, length $one->{said};
    return if !defined $read && $!{EINTR};
    my $over = length $one->{said} > $limit;
    return if $read && !$over;
    kill 'KILL', -$one->{pid} if $over;
    waitpid $one->{pid}, 0;
    my $code = $over ? -1 : $? >> 8;
    my $text = $over ? '' : $one->{said};
    delete $running{$key};
    speak("$mark look $one->{name} $code " . length($text) . "\n$text");
}

# The answer's parts that the pattern finds; "silent" for one who does not answer in a tenth of a second.
sub answer {
    my ($path, $question, $pattern) = @_;
    socket my $asks, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0 or return 'silent';
    # One that is stopped lets clients wait in line, until the line is full.
    connect $asks, sockaddr_un($path) or return $!{EAGAIN} ? 'silent' : 'gone';
    syswrite $asks, "$question\n" or return 'gone';
    my $text = '';
    while (length $text < $limit) {
        vec(my $wait = '', fileno $asks, 1) = 1;
        select($wait, undef, undef, 0.1) or return 'silent';
        sysread $asks, $text, 65536, length $text or last;
    }
    return join ' ', map { $_ // '' } $text =~ /$pattern/mg;
}

# What changes all the time is left to whoever asks. What changes while its section runs may have come too late for it,
# and has it run once more.
sub answer_hints {
    my (@begun, @left);
    my %busy = map { $_->{name} => 1 } values %running;
    for my $name (grep { !$busy{$_} } sort keys %changed) {
        delete $changed{$name};
        push @{ $begun{$name}++ < $most && begin($name) ? \@begun : \@left }, $name;
    }
    speak("$mark begun @begun\n") if @begun;
    speak("$mark hint @left\n") if @left;
}

sub note {
    my ($name, $kind, $now) = @_;
    my $was = $hint{"$name $kind"};
    $hint{"$name $kind"} = $now;
    $changed{$name} = 1 if defined $was && $was ne $now;
}

# What a pattern of paths stands for may come later.
sub find { $path{$_} = [map { glob } @{ $files{$_} }] for keys %files }

sub glance {
    for my $name (keys %units) {
        note($name, 'units', join ' ', map { readlink("/run/systemd/units/invocation:$_") // '-' } @{ $units{$name} });
    }
    for my $name (keys %path) {
        note($name, 'files', join ' ', map { my @seen = stat; "$_ @seen[1, 7, 9, 10]" } grep { -e } @{ $path{$name} });
    }
    # One that is silent is asked once a second.
    for my $name ($said eq 'silent' && $asked++ % 10 ? () : keys %question) {
        $said = answer(@{ $question{$name} });
        note($name, 'question', $said);
    }
}

if ($tick && @addressed && socket $kernel, 16, SOCK_RAW, 0) {
    # AF_NETLINK, NETLINK_ROUTE, RTMGRP_IPV4_IFADDR.
    bind $kernel, pack 'SSLL', 16, 0, 0, 0x10 or undef $kernel;
}

if ($tick) { find(); glance() }
while (1) {
    vec(my $ready = '', 0, 1) = 1;
    vec($ready, fileno $kernel, 1) = 1 if $kernel;
    vec($ready, $_, 1) = 1 for keys %running;
    my $found = select $ready, undef, undef, %path || %units || %question ? $tick : 1;
    $ready = '' if $found < 1;
    if (vec $ready, 0, 1) {
        sysread STDIN, $line, 4096, length $line or leave();
        $heard = time;
        while ($line =~ s/^(.*)\n//) {
            my @names = split ' ', $1;
            begin($_) for @names;
            speak("$mark beat\n") if !@names;
        }
    }
    if ($kernel && vec $ready, fileno $kernel, 1) {
        # A full buffer (ENOBUFS) is news as well.
        sysread $kernel, my $news, 65536;
        $changed{$_} = 1 for @addressed;
    }
    hear($_, $running{$_}) for grep { vec $ready, $_, 1 } keys %running;
    $heard = time if time < $heard;
    leave() if time - $heard > $deaf;
    next if !$tick;
    if ($beaten != time) {
        $beaten = time;
        %begun = ();
        speak("$mark beat\n");
        find();
    }
    glance() if !$found;
    answer_hints() if %changed;
}
